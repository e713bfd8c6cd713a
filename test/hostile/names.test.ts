import assert from 'node:assert/strict'
import test from 'node:test'
import { image } from '../http/content.ts'
import { digestOf } from '../support/seeded.ts'
import { raw, rawOutcome } from './raw.ts'
import { request, startVictim } from './victim.ts'

/** Not found, moved to a clean path, or refused as malformed: never a 500, never a file. */
const harmless = /^(?:301|400 NAME_INVALID|400 TAG_INVALID|400 DIGEST_INVALID|404|404 [A-Z_]+|400 UNKNOWN)$/

const invalidName = '400 NAME_INVALID'

/** Names as they stand in the path of a request, and what every request with them gets. */
const names: readonly (readonly [name: string, expected: string | RegExp])[] = [
  ['..', /^(?:301|404)$/],
  ['../..', /^(?:301|404)$/],
  ['a/../../b', /^(?:301|404)$/],
  ['a/../b', '301'],
  ['./a', '301'],
  ['a//b', '301'],
  ['%2e%2e', /^(?:301|404)$/],
  ['%2e%2e/%2e%2e/etc', /^(?:301|404)$/],
  ['..%2f..%2fetc', /^(?:301|404)$/],
  ['a%2f..%2f..%2f..%2fetc', /^(?:301|404)$/],
  ['..%5c..%5cetc', invalidName],
  ['..\\..\\etc', invalidName],
  ['%252e%252e%252fetc', invalidName],
  ['a%252fb', invalidName],
  ['..%252f..%252fetc', invalidName],
  ['%c0%ae%c0%ae/etc', invalidName],
  ['..%c0%afetc', invalidName],
  ['a%00', invalidName],
  ['a%00b/c', invalidName],
  ['%00', invalidName],
  ['a%0d%0aEvil:%201', invalidName],
  ['a%20b', invalidName],
  ['a%09b', invalidName],
  ['a%7fb', invalidName],
  ['%', invalidName],
  ['%zz', invalidName],
  ['a%2', invalidName],
  ['a'.repeat(256), invalidName],
  [`a/${'b'.repeat(254)}`, invalidName],
  ['a'.repeat(10_000), invalidName],
  ['a/'.repeat(5_000), /^(?:301|400 NAME_INVALID)$/],
  [`${'a-'.repeat(5_000)}!`, invalidName],
  [`${'a'.repeat(200)}_._`, invalidName],
  ['A', invalidName],
  ['Library/debian', invalidName],
  ['a/B', invalidName],
  ['\u00e4', /^400 (?:NAME_INVALID|UNKNOWN)$/],
  ['%C3%A4', invalidName],
  ['%E2%84%AA', invalidName],
  ['a%F0%9F%98%80', invalidName],
  ['%EF%BC%8E%EF%BC%8E', invalidName],
  ['-a', invalidName],
  ['a-', invalidName],
  ['_uploads', invalidName],
  ['a/_layers/sha256', invalidName],
  ['.a', invalidName],
  ['a.', invalidName],
  ['a..b', invalidName],
  ['a___b', invalidName],
  ['a:5000/b', invalidName],
  ['a@b', invalidName],
  ['a*', invalidName],
  ['a+b', invalidName],
  ["a'b", invalidName],
  ['a;b', invalidName],
  ['%3Ca%3E', invalidName],
]

void test('names that are none', async (t) => {
  const victim = await startVictim(t)
  const digest = digestOf('x')
  const requests = [
    (name: string) => request(`GET /v2/${name}/tags/list`),
    (name: string) => request(`GET /v2/${name}/manifests/latest`),
    (name: string) => request(`HEAD /v2/${name}/blobs/${digest}`),
    (name: string) => request(`GET /v2/${name}/referrers/${digest}`),
    (name: string) => request(`DELETE /v2/${name}/manifests/latest`),
    (name: string) => request(`POST /v2/${name}/blobs/uploads/`, { 'Content-Length': '0' }),
    (name: string) =>
      request(`POST /v2/${name}/blobs/uploads/?digest=${digest}`, { 'Content-Length': '1' }, 'x'),
    (name: string) =>
      request(
        `PUT /v2/${name}/manifests/latest`,
        { 'Content-Type': image().mediaType, 'Content-Length': String(image().content.length) },
        image().content.toString(),
      ),
  ]
  for (const [name, expected] of names) {
    await t.test(JSON.stringify(name.slice(0, 60)), async () => {
      for (const make of requests) {
        const answer = await victim.attack(make(name))
        const outcome = rawOutcome(answer)
        const line = make(name).slice(0, 80)
        if (line.startsWith('HEAD')) assert.match(outcome, /^(?:301|400|404)$/, line)
        else if (typeof expected === 'string') assert.equal(outcome, expected, line)
        else assert.match(outcome, expected, line)
        const location = answer.headers.get('location')
        if (location !== undefined) assert.match(location, /^\/v2\/(?!.*\.\.)[\x21-\x7e]*$/, line)
      }
      await victim.checkUnharmed(name)
    })
  }

  await t.test('255 characters are a name', async () => {
    const name = `a/${'b'.repeat(253)}`
    assert.equal(rawOutcome(await victim.attack(request(`GET /v2/${name}/tags/list`))), '404 NAME_UNKNOWN')
    const answer = await victim.attack(request(`POST /v2/${name}/blobs/uploads/`, { 'Content-Length': '0' }))
    assert.equal(answer.status, 202)
    const id = answer.headers.get('docker-upload-uuid')
    assert.equal((await victim.attack(request(`DELETE /v2/${name}/blobs/uploads/${id}`))).status, 204)
    await victim.checkUnharmed()
  })
})

const references: readonly (readonly [reference: string, expected: string | RegExp])[] = [
  ['..%2f..%2flatest', harmless],
  ['%2e%2e', harmless],
  ['latest%00', '400 TAG_INVALID'],
  ['lat%0d%0aest', '400 TAG_INVALID'],
  ['.latest', '400 TAG_INVALID'],
  ['-latest', '400 TAG_INVALID'],
  ['t'.repeat(129), '400 TAG_INVALID'],
  ['t'.repeat(10_000), '400 TAG_INVALID'],
  ['t\u00e4g', /^400 (?:TAG_INVALID|UNKNOWN)$/],
  ['t%C3%A4g', '400 TAG_INVALID'],
  ['a+b', '400 TAG_INVALID'],
  ['a%20b', '400 TAG_INVALID'],
  ['a*', '400 TAG_INVALID'],
  ['%2525', '400 TAG_INVALID'],
]

const digests: readonly string[] = [
  'sha256:',
  'sha256:abc',
  `sha256:${'0'.repeat(63)}`,
  `sha256:${'0'.repeat(65)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'g'.repeat(64)}`,
  `SHA256:${'0'.repeat(64)}`,
  `sha512:${'0'.repeat(64)}`,
  `sha1:${'0'.repeat(40)}`,
  `md5:${'0'.repeat(32)}`,
  `sha256:${'0'.repeat(62)}%00`,
  `sha256:${'0'.repeat(60)}%0d%0a00`,
  `sha256:..%2f..%2f${'0'.repeat(58)}`,
  `sha256:${'0'.repeat(64)}:${'0'.repeat(64)}`,
  `__proto__:${'0'.repeat(64)}`,
  `constructor:${'0'.repeat(64)}`,
  `sha256+b64:${'0'.repeat(64)}`,
  `:${'0'.repeat(64)}`,
  `sha256:${'0'.repeat(10_000)}`,
  `sha256:${'\u0660'.repeat(64)}`,
  `sha256%3A${'z'.repeat(64)}`,
]

function put(path: string): string {
  const headers = { 'Content-Type': image().mediaType, 'Content-Length': String(image().content.length) }
  return request(`PUT ${path}`, headers, image().content.toString())
}

void test('references that are none', async (t) => {
  const victim = await startVictim(t)
  for (const [reference, expected] of [
    ...references,
    ...digests.map((digest) => [digest, /^(?:301|400 (?:DIGEST_INVALID|NAME_INVALID|UNKNOWN))$/] as const),
  ]) {
    await t.test(`manifest ${JSON.stringify(reference.slice(0, 60))}`, async () => {
      const path = `/v2/victim/manifests/${reference}`
      for (const bytes of [request(`GET ${path}`), put(path), request(`DELETE ${path}`)]) {
        const outcome = rawOutcome(await victim.attack(bytes))
        if (typeof expected === 'string') assert.equal(outcome, expected)
        else assert.match(outcome, expected)
      }
      await victim.checkUnharmed(reference)
    })
  }
  for (const digest of digests) {
    await t.test(`blob ${JSON.stringify(digest.slice(0, 60))}`, async () => {
      for (const bytes of [
        request(`GET /v2/victim/blobs/${digest}`),
        request(`DELETE /v2/victim/blobs/${digest}`),
        request(`GET /v2/victim/referrers/${digest}`),
        request(`POST /v2/victim/blobs/uploads/?digest=${digest}`, { 'Content-Length': '1' }, 'x'),
      ]) {
        assert.match(rawOutcome(await victim.attack(bytes)), harmless, bytes.slice(0, 80))
      }
      const mount = request(`POST /v2/victim/blobs/uploads/?mount=${digest}&from=victim`, {
        'Content-Length': '0',
      })
      const answer = await victim.attack(mount)
      assert.equal(rawOutcome(answer), '202', 'an upload like any other')
      const id = answer.headers.get('docker-upload-uuid')
      await victim.attack(request(`DELETE /v2/victim/blobs/uploads/${id}`))
      await victim.checkUnharmed(digest)
    })
  }
})

void test('request lines that are none', async (t) => {
  const victim = await startVictim(t)
  for (const line of [
    'GET /v2/\u0000 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET  HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /v2/ HTTP/9.9\r\nHost: a\r\n\r\n',
    'GARBAGE\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001',
    'get /v2/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /v2/ HTTP/1.1\nHost: a\n\n'.replaceAll('\n', '\r'),
    'GET /v2/ HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\n\r\n',
  ]) {
    await t.test(JSON.stringify(line.slice(0, 60)), async () => {
      const answer = await victim.attack(line, { end: true })
      assert.match(rawOutcome(answer), /^(?:400 UNKNOWN|closed)$/)
      if (answer.status !== 0) assert.ok(answer.body.includes('"errors"'), 'in the form of the protocol')
      await victim.checkUnharmed(line)
    })
  }

  await t.test('an expectation that nobody can meet', async () => {
    const answer = await victim.attack(request('GET /v2/', { Expect: 'miracles' }))
    assert.ok([200, 417].includes(answer.status), String(answer.status))
  })

  await t.test('other forms of a target', async () => {
    for (const [line, expected] of [
      ['OPTIONS *', /^(?:200|400 \w+|404)$/],
      ['GET v2/', /^(?:400 \w+|404|closed)$/],
      ['GET http://', /^(?:400 \w+|404|closed|200)$/],
      ['GET http://[/v2/', /^(?:200|400 \w+|404|closed)$/],
      ['GET ?', /^(?:400 \w+|404|closed)$/],
      ['CONNECT registry.example:443', /^(?:400 \w+|404|405 \w+|closed)$/],
    ] as const) {
      // What is no path is not under /v2/ and owes no version header.
      assert.match(rawOutcome(await raw(victim.port, request(line))), expected)
    }
    await victim.checkUnharmed()
  })

  await t.test('an upgrade that nobody offers is passed over', async () => {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': 'AAAA' }
    const answer = await victim.attack(request('GET /v2/', headers))
    assert.equal(answer.status, 200)
  })
})
