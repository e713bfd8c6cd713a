import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Path } from './path.ts'
import { describePath } from './path.ts'
import { isSecret, withoutUserInfo } from './secrets.ts'

const paths: readonly (readonly [Path, boolean])[] = [
  [['http', 'secret'], true],
  [['redis', 'password'], true],
  [['storage', 's3', 'secretkey'], true],
  [['storage', 'gcs', 'credentials', 'private_key'], true],
  [['notifications', 'endpoints', 0, 'headers', 'Authorization', 0], true],
  [['auth', 'token', 'realm'], false],
  [['http', 'addr'], false],
]

for (const [path, expected] of paths) {
  test(`${describePath(path)} is ${expected ? 'a' : 'no'} secret`, () => {
    assert.equal(isSecret(path), expected)
  })
}

test('users and passwords of URLs are blotted out', () => {
  assert.equal(withoutUserInfo('https://me:pw@example.com/a@b'), 'https://***@example.com/a@b')
  assert.equal(withoutUserInfo('https://example.com/a@b'), 'https://example.com/a@b')
  assert.equal(withoutUserInfo('https://me:p@w@example.com/'), 'https://***@example.com/')
})

test('a path as text cannot be taken for another', () => {
  assert.equal(describePath(['http', 'headers', 'X-Frame-Options', 0]), 'http.headers.X-Frame-Options[0]')
  assert.equal(describePath(['log', 'fields', 'a.b']), 'log.fields["a.b"]')
  assert.equal(describePath(['log', 'fields', '']), 'log.fields[""]')
})
