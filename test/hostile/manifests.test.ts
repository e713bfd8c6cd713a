import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  descriptor,
  emptyConfig,
  image,
  newBlob,
  putManifest,
  typed,
  type TypedContent,
} from '../http/content.ts'
import { errorsOf, outcome } from '../http/in-process.ts'
import type { HttpOptions } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'
import { rawOutcome } from './raw.ts'
import { request, startVictim } from './victim.ts'

const mebibyte = 1024 * 1024
const limit = 4 * mebibyte
const config = JSON.stringify(descriptor(emptyConfig, 'application/vnd.oci.empty.v1+json'))
const start = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociManifest}"`

function oci(text: string | Uint8Array): TypedContent {
  const content = Buffer.from(text)
  return { mediaType: mediaTypes.ociManifest, content, digest: digestOf(content) }
}

function withLayer(layer: string): TypedContent {
  return oci(`${start},"config":${config},"layers":[${layer}]}`)
}

function deep(open: string, close: string, depth: number): string {
  return open.repeat(depth) + close.repeat(depth)
}

const sized = (size: string): TypedContent =>
  withLayer(`{"mediaType":"a/b","digest":"${emptyConfig.digest}","size":${size}}`)

/** Manifests that are none, all of them refused as such. */
const invalid: Readonly<Record<string, TypedContent>> = {
  'no bytes': oci(''),
  'a space': oci(' '),
  'not JSON': oci('hello'),
  'half of one': oci(image().content.subarray(0, 50)),
  'two of them': oci(image().content.toString().repeat(2)),
  'something behind it': oci(`${image().content.toString()}x`),
  null: oci('null'),
  'a number': oci('2'),
  'a string': oci('"x"'),
  'a list': oci('[]'),
  'no fields': oci('{}'),
  NaN: oci(`${start},"config":NaN,"layers":[]}`),
  'a comment': oci(`/* */${image().content.toString()}`),
  'a trailing comma': oci(`${start},"config":${config},"layers":[],}`),
  'single quotes': oci("{'schemaVersion':2}"),
  'a BOM': oci(`\uFEFF${image().content.toString()}`),
  'UTF-16': oci(Buffer.from(image().content.toString(), 'utf16le')),
  'invalid UTF-8 in a value': oci(
    Buffer.concat([
      Buffer.from(`${start},"config":${config},"x":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]),
  ),
  'an overlong UTF-8 slash': oci(
    Buffer.concat([
      Buffer.from(`${start},"config":${config},"x":"`),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from('"}'),
    ]),
  ),
  'a surrogate in UTF-8': oci(
    Buffer.concat([
      Buffer.from(`${start},"config":${config},"x":"`),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
  ),
  'a NUL behind it': oci(`${image().content.toString()}\0`),
  'NUL bytes': oci(Buffer.alloc(1000)),
  'a control character in a string': oci(`${start},"config":${config},"x":"a\u0001b"}`),
  'a bad escape': oci(`${start},"config":${config},"x":"\\x41"}`),
  'a duplicate key': oci(`${start},"config":${config},"layers":[],"config":${config}}`),
  'a duplicate key, spelt with an escape': oci(`${start},"config":${config},"layers":[],"l\\u0061yers":[]}`),
  'a duplicate key deep inside': withLayer(
    `{"mediaType":"a/b","digest":"${emptyConfig.digest}","size":2,"size":2}`,
  ),
  'a duplicate __proto__': oci(`${start},"config":${config},"__proto__":{},"__proto__":{}}`),
  '4 MiB of [': oci('['.repeat(limit)),
  '4 MiB of {"a":': oci('{"a":'.repeat(limit / 5)),
  '1 MiB of [ and as many ]': oci(deep('[', ']', mebibyte)),
  'a field that is nested 200 deep': oci(`${start},"config":${config},"x":${deep('[', ']', 200)}}`),
  '4 MiB of "': oci('"'.repeat(limit)),
  '4 MiB of \\': oci('\\'.repeat(limit)),
  '4 MiB of :': oci(':'.repeat(limit)),
  '4 MiB of spaces': oci(' '.repeat(limit)),
  '4 MiB of digits': oci('1'.repeat(limit)),
  'a wrong size': sized('3'),
  'a size of 0': sized('0'),
  'a negative size': sized('-2'),
  'a size with a fraction': sized('2.5'),
  'a size in quotes': sized('"2"'),
  'a size that no double holds': sized('18446744073709551616'),
  'a size beyond all numbers': sized('1e999'),
  'no size': withLayer(`{"mediaType":"a/b","digest":"${emptyConfig.digest}"}`),
  'a null size': sized('null'),
  'no digest': withLayer('{"mediaType":"a/b","size":2}'),
  'a digest that climbs': withLayer('{"mediaType":"a/b","digest":"sha256:../../../../etc/passwd","size":2}'),
  'a digest of another algorithm': withLayer(`{"mediaType":"a/b","digest":"md5:${'0'.repeat(32)}","size":2}`),
  'a digest that is a list': withLayer(`{"mediaType":"a/b","digest":["${emptyConfig.digest}"],"size":2}`),
  'a layer that is null': withLayer('null'),
  'a layer that is a list': withLayer('[]'),
  'a mediaType that is a number': withLayer(`{"mediaType":1,"digest":"${emptyConfig.digest}","size":2}`),
  'a subject that is a string': oci(
    `${start},"config":${config},"layers":[],"subject":"${emptyConfig.digest}"}`,
  ),
  'a subject without a digest': oci(`${start},"config":${config},"layers":[],"subject":{"size":2}}`),
  'annotations that are a list': oci(`${start},"config":${config},"layers":[],"annotations":["a"]}`),
  'an annotation that is a number': oci(`${start},"config":${config},"layers":[],"annotations":{"a":1}}`),
  'an artifactType that is a map': oci(`${start},"config":${config},"layers":[],"artifactType":{}}`),
  'manifests and layers': oci(`${start},"config":${config},"layers":[],"manifests":[]}`),
  'schema 1': typed('application/vnd.docker.distribution.manifest.v1+prettyjws', {
    schemaVersion: 1,
    name: 'victim',
    tag: 'latest',
    fsLayers: [{ blobSum: emptyConfig.digest }],
    history: [{ v1Compatibility: '{}' }],
    signatures: [],
  }),
  'schema 1 that says it were an OCI manifest': oci('{"schemaVersion":1,"fsLayers":[],"history":[]}'),
}

void test('manifests that are none', async (t) => {
  const victim = await startVictim(t)
  for (const [what, manifest] of Object.entries(invalid)) {
    await t.test(what, async () => {
      const began = performance.now()
      for (const reference of ['latest', 'new', manifest.digest]) {
        const answer = await putManifest(victim, 'victim', reference, manifest)
        assert.equal(outcome(answer), '400 MANIFEST_INVALID')
        assert.ok(answer.body.length < 2000, 'what was sent is not sent back')
        assert.ok(errorsOf(answer)[0]?.detail, 'it says why')
      }
      assert.ok(performance.now() - began < 5000, 'refused in no time')
      await victim.checkUnharmed(what)
    })
  }
})

void test('manifests that are too big', async (t) => {
  const victim = await startVictim(t)
  const put = (options: HttpOptions): ReturnType<typeof victim.call> =>
    victim.call('PUT', '/v2/victim/manifests/new', {
      ...options,
      headers: { 'Content-Type': mediaTypes.ociManifest, ...options.headers },
    })

  await t.test('by one byte', async () => {
    for (const body of [
      Buffer.alloc(limit + 1, 0x20),
      Readable.from([Buffer.alloc(limit, 0x20), Buffer.alloc(1)]),
    ]) {
      assert.equal(outcome(await put({ body })), '413 MANIFEST_INVALID')
    }
    await victim.checkUnharmed()
  })

  await t.test('by Content-Length, before a byte of it is sent', async () => {
    const headers = { 'Content-Type': mediaTypes.ociManifest, 'Content-Length': String(limit + 1) }
    const answer = await victim.attack(request('PUT /v2/victim/manifests/new', headers))
    assert.equal(rawOutcome(answer), '413 MANIFEST_INVALID')
    await victim.checkUnharmed()
  })

  await t.test('by Content-Length, of which no byte is asked for', async () => {
    const headers = {
      'Content-Type': mediaTypes.ociManifest,
      'Content-Length': '999999999999',
      Expect: '100-continue',
    }
    const answer = await victim.attack(request('PUT /v2/victim/manifests/new', headers))
    assert.equal(rawOutcome(answer), '413 MANIFEST_INVALID')
    assert.doesNotMatch(answer.text, /100 Continue/)
    await victim.checkUnharmed()
  })

  await t.test('chunked, without an end: refused once the limit is passed', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const headers = { 'Content-Type': mediaTypes.ociManifest, 'Transfer-Encoding': 'chunked' }
    // 5 MiB, and the last chunk never comes.
    const bytes = [
      request('PUT /v2/victim/manifests/new', headers),
      ...Array.from({ length: 80 }, () => chunk),
    ]
    const answer = await victim.attack(bytes)
    assert.equal(rawOutcome(answer), '413 MANIFEST_INVALID')
    await victim.checkUnharmed()
  })

  await t.test('64 MiB: the client hears of it, though it sends before it reads', async () => {
    const body = Readable.from(
      (function* (): Generator<Buffer> {
        for (let sent = 0; sent < 64; sent++) yield Buffer.alloc(mebibyte, 0x20)
      })(),
    )
    const answer = await put({ body }).catch((error: unknown) => error)
    // It may lose the connection instead, as it did not stop; but nothing else may come.
    if (!(answer instanceof Error))
      assert.equal(outcome(answer as Awaited<ReturnType<typeof put>>), '413 MANIFEST_INVALID')
    await victim.checkUnharmed()
  })
})

void test('references to what is not there', async (t) => {
  const victim = await startVictim(t)

  await t.test('each has an error of its own, with its digest', async () => {
    const missing = Array.from({ length: 100 }, () => newBlob(10))
    const manifest = image({ layers: [...missing, emptyConfig, ...missing].map((blob) => descriptor(blob)) })
    const answer = await putManifest(victim, 'victim', 'new', manifest)
    assert.equal(answer.status, 400)
    assert.deepEqual(
      errorsOf(answer).map(({ code, detail }) => ({ code, detail })),
      missing.map(({ digest }) => ({ code: 'MANIFEST_BLOB_UNKNOWN', detail: digest })),
    )
    await victim.checkUnharmed()
  })

  await t.test('as many as fit into 4 MiB: answered, and others are served meanwhile', async () => {
    const layers: string[] = []
    for (let number = 0, size = 1000; size < limit - 200; number++) {
      const layer = `{"digest":"sha256:${number.toString(16).padStart(64, '0')}","size":1}`
      layers.push(layer)
      size += layer.length + 1
    }
    const put = putManifest(victim, 'victim', 'new', withLayer(layers.join(',')))
    let slowest = 0
    for (const pause = 'not yet'; (await Promise.race([put, delay(1, pause)])) === pause;) {
      const began = performance.now()
      assert.equal((await victim.call('GET', '/v2/victim/manifests/latest')).status, 200)
      slowest = Math.max(slowest, performance.now() - began)
    }
    const answer = await put
    assert.equal(outcome(answer), '400 MANIFEST_BLOB_UNKNOWN')
    assert.equal(errorsOf(answer).length, layers.length)
    assert.ok(slowest < 2000, `another client waited for ${slowest} ms`)
    await victim.checkUnharmed()
  })

  await t.test('100,000 descriptors do not fit', async () => {
    const layer = JSON.stringify(descriptor(emptyConfig))
    const answer = await putManifest(victim, 'victim', 'new', withLayer(Array(100_000).fill(layer).join(',')))
    assert.equal(outcome(answer), '413 MANIFEST_INVALID')
    await victim.checkUnharmed()
  })

  await t.test('the same descriptor as often as it fits: accepted, and quickly', async () => {
    const layer = JSON.stringify(descriptor(emptyConfig))
    const manifest = withLayer(Array(30_000).fill(layer).join(','))
    const began = performance.now()
    assert.equal((await putManifest(victim, 'victim', 'new', manifest)).status, 201)
    assert.ok(performance.now() - began < 3000)
    assert.deepEqual((await victim.call('GET', '/v2/victim/manifests/new')).body, manifest.content)
  })
})

void test('many tags in one PUT', async (t) => {
  const victim = await startVictim(t)
  const manifest = image()
  // Until 64 KiB of header are full.
  const tags = Array.from({ length: 5000 }, (_, number) => `t${number}`)
  const query = tags.map((tag) => `tag=${tag}`).join('&')
  const answer = await victim.call('PUT', `/v2/victim/manifests/${manifest.digest}?${query}`, {
    headers: { 'Content-Type': manifest.mediaType },
    body: manifest.content,
  })
  assert.ok([201, 414].includes(answer.status), String(answer.status))
  if (answer.status === 201) {
    assert.equal(String(answer.headers['oci-tag']).split(', ').length, tags.length)
  } else await victim.checkUnharmed()
})
