import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { safeHost, safeUri } from './safe-uri.ts'

describe('a URI in a log', () => {
  it('is shown as it is when there is nothing to hide', () => {
    for (const uri of [
      '/v2/',
      '/v2/a/b/tags/list?n=10&last=v1',
      '/v2/a/blobs/uploads/?mount=sha256:0&from=b',
    ])
      assert.equal(safeUri(uri), uri)
  })

  it('shows no value of a parameter that may be a secret', () => {
    const rows = [
      [
        '/v2/a/blobs/uploads/ID?_state=hidden&digest=sha256:0',
        '/v2/a/blobs/uploads/ID?_state=***&digest=sha256:0',
      ],
      ['/v2/?n=1;token=hidden', '/v2/?n=1&token=***'],
      ['/v2/?n=1%26token=hidden', '/v2/?n=***'],
      ['/v2/?hidden', '/v2/?***'],
      ['http://a.example/#token=hidden', 'http://a.example/'],
      ['/v2/?N=hidden', '/v2/?N=***'],
    ] as const
    for (const [uri, shown] of rows) assert.equal(safeUri(uri), shown)
  })

  it('shows neither user nor password', () => {
    const rows = [
      ['http://me:hidden@a.example/x', 'http://***@a.example/x'],
      ['http://me:hid/den@a.example/x', 'http://***@a.example/x'],
      ['http://me:hid@den@a.example/x?token=hidden', 'http://***@a.example/x?token=***'],
      ['//me:hidden@a.example', '//***@a.example'],
    ] as const
    for (const [uri, shown] of rows) assert.equal(safeUri(uri), shown)
    assert.equal(safeHost('me:hidden@a.example'), '***@a.example')
    assert.equal(safeHost('a.example:5000'), 'a.example:5000')
    assert.equal(safeHost(undefined), undefined)
  })
})
