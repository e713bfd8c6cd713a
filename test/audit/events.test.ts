import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RegistryError } from '../../src/registry/errors.ts'
import { ForwardingRegistry } from '../../src/registry/forwarding.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { auditLogin } from '../../src/server/auditor.ts'
import { emptyConfig, image, newBlob, numbered, octets, withDigest, type Content } from '../http/content.ts'
import { newGate } from '../http/gate.ts'
import { agent, startAudited, type Audited, type CallOptions, type Line } from './audited.ts'

const alice = { credentials: 'alice:right' }
const carol = { credentials: 'carol:right' }

describe('what the audit log says of what was done', () => {
  it('is who pushed which manifest to which tags', async (t) => {
    const server = await startAudited(t)
    await pushBlob(server, 'a/b', emptyConfig)
    await server.next()
    const manifest = image()
    const options = { headers: { 'Content-Type': manifest.mediaType }, body: manifest.content, ...alice }
    const answer = await server.call('PUT', '/v2/a/b/manifests/v1?tag=v2&tag=v1', options)
    assert.equal(answer.status, 201)
    const { time, ...event } = await server.next()
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000)
    assert.deepEqual(event, {
      event: 'push',
      outcome: 'accepted',
      user: 'alice',
      client: '127.0.0.1',
      request: answer.headers['x-request-id'],
      method: 'PUT',
      target: 'manifest',
      repository: 'a/b',
      reference: 'v1',
      tags: ['v1', 'v2'],
      digest: manifest.digest,
      status: 201,
      useragent: agent,
    })
    await server.call('PUT', `/v2/a/b/manifests/${manifest.digest}`, options)
    const { reference, tags, digest } = await server.next()
    assert.deepEqual([reference, tags, digest], [manifest.digest, undefined, manifest.digest])
    await server.nothingElse()
  })

  it('is who pushed which blob, whatever the way', async (t) => {
    const server = await startAudited(t)
    const [whole, inSteps] = [newBlob(100), newBlob(100)]
    await pushBlob(server, 'a/b', whole)
    const begun = await server.call('POST', '/v2/a/b/blobs/uploads/', alice)
    const first = await server.call('PATCH', pathOf(begun.headers.location), {
      headers: octets,
      body: inSteps.content,
      ...alice,
    })
    await server.call('PUT', withDigest(pathOf(first.headers.location), inSteps.digest), alice)
    await server.call('POST', `/v2/c/d/blobs/uploads/?mount=${whole.digest}&from=a/b`, alice)
    const seen = [await server.next(), await server.next(), await server.next()]
    const common = { event: 'push', outcome: 'accepted', user: 'alice', target: 'blob', status: 201 }
    assert.deepEqual(seen.map(essence), [
      { ...common, method: 'POST', repository: 'a/b', digest: whole.digest },
      { ...common, method: 'PUT', repository: 'a/b', digest: inSteps.digest },
      { ...common, method: 'POST', repository: 'c/d', digest: whole.digest, from: 'a/b' },
    ])
    await server.nothingElse()
  })

  it('is who deleted which tag, manifest or blob', async (t) => {
    const server = await startAudited(t)
    const manifest = await pushed(server, 'a/b', 'v1')
    for (const path of [`manifests/v1`, `manifests/${manifest.digest}`, `blobs/${emptyConfig.digest}`])
      assert.equal((await server.call('DELETE', `/v2/a/b/${path}`, alice)).status, 202)
    const seen = [await server.next(), await server.next(), await server.next()]
    const common = {
      event: 'delete',
      outcome: 'accepted',
      user: 'alice',
      method: 'DELETE',
      repository: 'a/b',
    }
    assert.deepEqual(seen.map(essence), [
      { ...common, target: 'tag', reference: 'v1', status: 202 },
      { ...common, target: 'manifest', reference: manifest.digest, digest: manifest.digest, status: 202 },
      { ...common, target: 'blob', digest: emptyConfig.digest, status: 202 },
    ])
    await server.nothingElse()
  })

  it('is nothing of pulls, of what failed, and of uploads that come to nothing', async (t) => {
    const server = await startAudited(t)
    await pushed(server, 'a/b', 'v1')
    const statuses: number[] = []
    const call = async (method: string, path: string, options: CallOptions = {}): Promise<void> => {
      statuses.push((await server.call(method, path, { ...alice, ...options })).status)
    }
    await call('GET', '/v2/')
    await call('GET', '/v2/a/b/manifests/v1')
    await call('GET', '/v2/a/b/manifests/absent')
    await call('DELETE', '/v2/a/b/manifests/absent')
    await call('PUT', '/v2/a/b/manifests/v2', { body: 'nothing of the kind' })
    await call('GET', '/nowhere')
    const begun = await server.call('POST', '/v2/a/b/blobs/uploads/', alice)
    await call('PUT', withDigest(pathOf(begun.headers.location), emptyConfig.digest), { body: 'another' })
    const other = await server.call('POST', '/v2/a/b/blobs/uploads/', alice)
    await call('DELETE', pathOf(other.headers.location))
    assert.deepEqual(statuses, [200, 200, 404, 404, 400, 404, 400, 204])
    await server.nothingElse()
  })

  for (const protocol of ['HTTP/1', 'HTTP/2'] as const) {
    it(`is the push of a client that hangs up before its answer, too, by ${protocol}`, async (t) => {
      const asked = newGate()
      const gone = newGate()
      const decorator = (inner: Registry): Registry => new Held(inner, asked.open, gone.opened)
      const server = await startAudited(t, { decorator })
      await pushBlob(server, 'a/b', emptyConfig)
      await server.next()
      const manifest = image()
      const hangUp = await (protocol === 'HTTP/1' ? sentByHttp1 : sentByHttp2)(server, t, manifest)
      await asked.opened
      hangUp()
      await untilGone(server)
      gone.open()
      const { event, user, digest, tags } = await server.next()
      assert.deepEqual([event, user, digest, tags], ['push', 'alice', manifest.digest, ['v1']])
      await server.nothingElse()
    })
  }
})

describe('what the audit log says of what was refused', () => {
  it('is nothing of the first request of a client that learns how to log in', async (t) => {
    const server = await startAudited(t)
    assert.equal((await server.call('GET', '/v2/')).status, 401)
    assert.equal((await server.call('GET', '/v2/', { headers: { Authorization: '' } })).status, 401)
    await server.nothingElse()
  })

  it('is that credentials were no good, and why', async (t) => {
    const server = await startAudited(t)
    await server.call('GET', '/v2/', { credentials: 'alice:wrong' })
    await server.call('PUT', '/v2/a/b/manifests/v1', { headers: { Authorization: 'Bearer stale' } })
    await server.call('GET', '/v2/a/b/manifests/v1', { headers: { Authorization: 'Bearer narrow' } })
    await server.call('GET', '/v2/', { credentials: 'mallory:anything' })
    await server.call('GET', '/v2/', { headers: { Authorization: 'Digest secret-in-it' } })
    const seen = [1, 2, 3, 4, 5].map(() => server.next())
    const common = { event: 'denied', method: 'GET' }
    const manifest = { ...common, target: 'manifest', repository: 'a/b', reference: 'v1', status: 401 }
    assert.deepEqual((await Promise.all(seen)).map(essence), [
      { ...common, outcome: 'unauthenticated', target: 'base', status: 401, reason: 'wrong password' },
      {
        ...manifest,
        method: 'PUT',
        outcome: 'invalid_token',
        reason: 'the token is expired',
      },
      {
        ...manifest,
        outcome: 'insufficient_scope',
        user: 'alice',
      },
      { ...common, outcome: 'throttled', target: 'base', status: 429 },
      { ...common, outcome: 'unauthenticated', target: 'base', status: 401, reason: 'malformed' },
    ])
    await server.nothingElse()
  })

  it('is one line a second of what strangers are refused, and each of what others are', async (t) => {
    const server = await startAudited(t)
    const narrow = { headers: { Authorization: 'Bearer narrow' } }
    for (let request = 0; request < 30; request++) {
      for (const credentials of ['mallory:anything', 'alice:wrong'])
        await server.call('GET', '/v2/', { credentials })
      await server.call('GET', '/v2/a/b/manifests/v1', narrow)
      await server.call('GET', '/v2/secret/a/manifests/v1', carol)
    }
    const of = (outcome: string): Line[] => server.events.filter((event) => event['outcome'] === outcome)
    const sumOf = (outcome: string): number =>
      of(outcome).reduce((sum, { count }) => sum + Number(count ?? 1), 0)
    for (const outcome of ['throttled', 'unauthenticated']) {
      for (let tries = 0; tries < 1000 && sumOf(outcome) < 30; tries++) await delay(10)
      assert.equal(sumOf(outcome), 30, outcome)
      assert.ok(of(outcome).length < 15, `${of(outcome).length} lines of ${outcome}`)
      assert.equal(of(outcome)[0]?.['count'], undefined)
    }
    assert.equal(of('insufficient_scope').length, 30)
    assert.equal(of('denied').length, 30)
  })

  it('is that somebody may not, also where he was told that it is not there', async (t) => {
    const server = await startAudited(t)
    await pushed(server, 'open/a', 'v1')
    await pushed(server, 'secret/a', 'v1')
    const absent = await server.call('GET', '/v2/open/a/manifests/v2', carol)
    await server.nothingElse()
    const hidden = await server.call('GET', '/v2/secret/a/manifests/v2', carol)
    const there = await server.call('GET', '/v2/secret/a/manifests/v1', carol)
    assert.deepEqual([hidden.status, there.status], [absent.status, 404])
    assert.deepEqual(hidden.json(), absent.json(), 'nobody sees the difference')
    const body = newBlob(10).content
    assert.equal((await server.call('POST', '/v2/open/a/blobs/uploads/', { ...carol, body })).status, 403)
    assert.equal((await server.call('DELETE', '/v2/open/a/manifests/v1', carol)).status, 403)
    const seen = [1, 2, 3, 4].map(() => server.next())
    const common = { event: 'denied', outcome: 'denied', user: 'carol', method: 'GET' }
    const manifest = { ...common, target: 'manifest', repository: 'secret/a' }
    assert.deepEqual((await Promise.all(seen)).map(essence), [
      { ...manifest, reference: 'v2', status: 404 },
      { ...manifest, reference: 'v1', status: 404 },
      { ...common, method: 'POST', target: 'uploads', repository: 'open/a', status: 403 },
      { ...manifest, method: 'DELETE', repository: 'open/a', reference: 'v1', status: 403 },
    ])
    await server.nothingElse()
  })

  it('is that a tag is immutable', async (t) => {
    const server = await startAudited(t, { decorator: withImmutableTags })
    const manifest = numbered(1)
    const options = { headers: { 'Content-Type': manifest.mediaType }, body: manifest.content, ...alice }
    assert.equal((await server.call('PUT', '/v2/a/b/manifests/v1', options)).status, 409)
    const { event, outcome, status } = await server.next()
    assert.deepEqual([event, outcome, status], ['denied', 'immutable', 409])
    await server.nothingElse()
  })
})

describe('what the audit log says of a login', () => {
  it('is who tried, from where, and what came of it', () => {
    const events: object[] = []
    const audit = { write: (event: object): void => void events.push(event) }
    const attempt = {
      outcome: 'refused',
      user: 'alice',
      client: '192.0.2.1',
      reason: 'wrong password',
    } as const
    // Whatever else is in it does not get there.
    const more = { ...attempt, password: 'hunter2' }
    auditLogin(audit, more)
    assert.deepEqual(events, [{ event: 'login', ...attempt }])
  })
})

describe('the audit log', () => {
  it('names the address that can be relied on', async (t) => {
    for (const [trustedProxies, expected] of [
      [undefined, '127.0.0.1'],
      [['127.0.0.1'], '192.0.2.7'],
      [['10.0.0.1'], '127.0.0.1'],
    ] as const) {
      const server = await startAudited(t, trustedProxies && { trustedProxies })
      const headers = { 'X-Forwarded-For': '198.51.100.1, 192.0.2.7' }
      await server.call('GET', '/v2/', { headers, credentials: 'alice:wrong' })
      assert.equal((await server.next())['client'], expected)
    }
  })

  it('and the other logs name who asked and why he was refused, and hold no secret', async (t) => {
    const server = await startAudited(t)
    await server.call('GET', '/v2/', alice)
    await server.call('GET', '/v2/', { credentials: 'alice:hunter2' })
    await server.call('GET', '/v2/', { headers: { Authorization: 'Bearer eyJhbGciOi.J9.hunter2' } })
    await server.call('GET', '/v2/', { headers: { Authorization: 'Unknown hunter2' } })
    await server.call('GET', '/v2/open/a/tags/list', carol)
    await server.call('GET', '/v2/secret/a/manifests/v1', carol)
    for (let event = 0; event < 5; event++) await server.next()
    await server.nothingElse()
    const answers = server.logged.filter(({ msg }) => String(msg).startsWith('response completed'))
    assert.deepEqual(
      answers.map((line) => [line['auth.user.name'], line['err.code'], line['err.cause']]),
      [
        ['alice', undefined, undefined],
        [undefined, 'unauthorized', 'wrong password'],
        [undefined, 'unauthorized', 'the token is expired'],
        [undefined, 'unauthorized', 'malformed'],
        ['carol', 'denied', undefined],
        ['carol', 'manifest unknown', 'denied'],
      ],
    )
    assert.ok(answers.every(({ level }) => level === 'info'))
    assert.deepEqual(
      server.accessed.map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['alice', '-', '-', '-', 'carol', 'carol'].map((user) => `127.0.0.1 - ${user}`),
    )
    const all = JSON.stringify([server.logged, server.accessed, server.events])
    for (const secret of ['hunter2', 'right', 'eyJ', Buffer.from('alice:hunter2').toString('base64')])
      assert.ok(!all.includes(secret), secret)
  })
})

/** Puts manifests when it is told to. */
class Held extends ForwardingRegistry {
  readonly #inner: Registry
  readonly #asked: () => void
  readonly #gone: Promise<void>

  constructor(inner: Registry, asked: () => void, gone: Promise<void>) {
    super(inner, inner, inner, inner)
    this.#inner = inner
    this.#asked = asked
    this.#gone = gone
  }

  override async putManifest(
    ...call: Parameters<Registry['putManifest']>
  ): ReturnType<Registry['putManifest']> {
    this.#asked()
    await this.#gone
    return await this.#inner.putManifest(...call)
  }
}

class Immutable extends ForwardingRegistry {
  override putManifest(): Promise<never> {
    return Promise.reject(new RegistryError('TAG_IMMUTABLE'))
  }
}

function withImmutableTags(inner: Registry): Registry {
  return new Immutable(inner, inner, inner, inner)
}

const authorization = `Basic ${Buffer.from('alice:right').toString('base64')}`

async function sentByHttp1(server: Audited, t: TestContext, { content }: Content): Promise<() => void> {
  const socket = connect(server.port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  const head = [
    'PUT /v2/a/b/manifests/v1 HTTP/1.1',
    'Host: registry',
    `Authorization: ${authorization}`,
    `Content-Type: ${image().mediaType}`,
    `Content-Length: ${content.length}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  socket.write(content)
  return () => socket.resetAndDestroy()
}

async function sentByHttp2(server: Audited, t: TestContext, { content }: Content): Promise<() => void> {
  const session = connectHttp2(server.url)
  t.after(() => session.destroy())
  await once(session, 'connect')
  const stream = session.request({
    ':method': 'PUT',
    ':path': '/v2/a/b/manifests/v1',
    authorization,
    'content-type': image().mediaType,
  })
  stream.on('error', () => {})
  stream.end(content)
  return () => session.destroy()
}

/** Until the log says that the request's connection is gone. */
async function untilGone({ logged }: Audited): Promise<void> {
  const isGone = (): boolean => logged.some((line) => line['http.response.status'] === 499)
  for (let tries = 0; tries < 1000 && !isGone(); tries++) await delay(10)
  assert.ok(isGone())
}

/** What differs from one run to the next is left out, and what is the same in all. */
function essence({ time: _time, request: _request, client, useragent, ...rest }: Line): Line {
  assert.deepEqual([client, useragent], ['127.0.0.1', agent])
  return rest
}

function pathOf(location: string | undefined): string {
  const { pathname, search } = new URL(location ?? '', 'http://relative.invalid')
  return pathname + search
}

async function pushBlob(server: Audited, repository: string, blob: Content): Promise<void> {
  const path = withDigest(`/v2/${repository}/blobs/uploads/`, blob.digest)
  const answer = await server.call('POST', path, { headers: octets, body: blob.content, ...alice })
  assert.equal(answer.status, 201, answer.body.toString())
}

/** Pushes an image, and takes the events of that. */
async function pushed(server: Audited, repository: string, tag: string): Promise<Content> {
  const manifest = image()
  await pushBlob(server, repository, emptyConfig)
  const options = { headers: { 'Content-Type': manifest.mediaType }, body: manifest.content, ...alice }
  assert.equal((await server.call('PUT', `/v2/${repository}/manifests/${tag}`, options)).status, 201)
  await server.next()
  await server.next()
  return manifest
}
