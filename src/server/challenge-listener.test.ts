import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../../test/support/free-port.ts'
import { ChallengeListener, type ChallengeListenerOptions } from './challenge-listener.ts'

interface Answer {
  readonly status: number | undefined
  readonly location: string | undefined
  readonly body: string
}

type Ask = (path: string, host?: string) => Promise<Answer>

async function start(t: TestContext, options: Partial<ChallengeListenerOptions> = {}): Promise<Ask> {
  const port = await freePort()
  const listener = new ChallengeListener({
    address: `127.0.0.1:${port}`,
    answer: async (token) => (token === 'abc' ? 'abc.thumbprint' : undefined),
    ...options,
  })
  await listener.start()
  t.after(() => listener.stop())
  return (path, host = 'registry.example.com') =>
    new Promise((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path, headers: { host } }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () =>
          resolve({ status: response.statusCode, location: response.headers.location, body }),
        )
      })
      asked.on('error', reject).end()
    })
}

describe('the plain listener beside TLS', () => {
  it('answers challenges, and no others', async (t) => {
    const ask = await start(t)
    const known = await ask('/.well-known/acme-challenge/abc')
    assert.deepEqual([known.status, known.body], [200, 'abc.thumbprint'])
    assert.equal((await ask('/.well-known/acme-challenge/other')).status, 404)
  })

  it('sends everybody else to where TLS is', async (t) => {
    const ask = await start(t)
    const answer = await ask('/v2/a/tags/list?n=1', 'registry.example.com:80')
    assert.deepEqual(
      [answer.status, answer.location],
      [308, 'https://registry.example.com/v2/a/tags/list?n=1'],
    )
    const other = await start(t, { origin: 'https://hub.example.com:8443' })
    assert.equal((await other('/v2/')).location, 'https://hub.example.com:8443/v2/')
  })

  it('sends nobody to a host that is none', async (t) => {
    const ask = await start(t)
    for (const host of ['evil.example/x', 'a b', 'user@evil.example'])
      assert.equal((await ask('/v2/', host)).status, 404, host)
  })
})
