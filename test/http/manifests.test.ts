import assert from 'node:assert/strict'
import test from 'node:test'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'
import {
  descriptor,
  emptyConfig,
  image,
  index,
  newBlob,
  numbered,
  pushBlob,
  pushManifest,
  putManifest,
  typed,
  type TypedContent,
} from './content.ts'
import { contentHeaders, errorsOf, outcome, startApp } from './in-process.ts'

function filler(length: number): TypedContent {
  return image({ annotations: { a: 'x'.repeat(length) } })
}

const configType = 'application/vnd.docker.container.image.v1+json'
const layerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

void test('a manifest by tag and by digest', async (t) => {
  const server = await startApp(t)
  const layer = newBlob(100)
  await pushBlob(server, 'm', layer)
  const config = descriptor(emptyConfig, configType)
  const layers = [descriptor(layer, layerType)]
  const docker = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers }
  const child = image()
  await pushManifest(server, 'm', child.digest, child)
  const kinds: readonly TypedContent[] = [
    image({ layers }),
    typed(mediaTypes.dockerManifest, docker),
    index([child]),
    typed(mediaTypes.dockerList, {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerList,
      manifests: [
        { ...descriptor(child, child.mediaType), platform: { os: 'linux', architecture: 'amd64' } },
      ],
    }),
  ]
  for (const manifest of kinds) {
    await t.test(manifest.mediaType, async () => {
      const put = await pushManifest(server, 'm', 'tagged', manifest)
      assert.equal(put.headers.location, `${server.url}/v2/m/manifests/${manifest.digest}`)
      assert.equal(put.headers['docker-content-digest'], manifest.digest)
      assert.equal(put.headers['content-length'], '0')
      assert.equal(put.headers['oci-subject'], undefined)
      assert.equal(put.headers['oci-tag'], undefined)
      for (const reference of ['tagged', manifest.digest]) {
        const path = `/v2/m/manifests/${reference}`
        const get = await server.call('GET', path)
        assert.equal(get.status, 200)
        assert.deepEqual(contentHeaders(get.headers), {
          'docker-distribution-api-version': 'registry/2.0',
          'content-type': manifest.mediaType,
          'content-length': String(manifest.content.length),
          'docker-content-digest': manifest.digest,
          etag: `"${manifest.digest}"`,
        })
        assert.deepEqual(get.body, manifest.content)
        const head = await server.call('HEAD', path)
        assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
        for (const tag of [
          `"${manifest.digest}"`,
          manifest.digest,
          '*',
          `W/"${manifest.digest}"`,
          `"a", "${manifest.digest}"`,
        ]) {
          const headers = { 'If-None-Match': tag }
          assert.equal((await server.call('GET', path, { headers })).status, 304, tag)
          assert.equal((await server.call('HEAD', path, { headers })).status, 304, tag)
        }
        const other = await server.call('GET', path, { headers: { 'If-None-Match': '"other"' } })
        assert.equal(other.status, 200)
      }
    })
  }

  await t.test('the type of the request may have parameters', async () => {
    const manifest = numbered(1)
    const headers = { 'Content-Type': `${manifest.mediaType}; charset=utf-8` }
    const answer = await server.call('PUT', '/v2/m/manifests/p', { headers, body: manifest.content })
    assert.equal(answer.status, 201)
  })

  await t.test('a tag moves, and the manifest it leaves stays', async () => {
    const [first, second] = [numbered(10), numbered(11)]
    await pushManifest(server, 'm', 'moving', first)
    await pushManifest(server, 'm', 'moving', second)
    const moved = await server.call('GET', '/v2/m/manifests/moving')
    assert.equal(moved.headers['docker-content-digest'], second.digest)
    assert.equal((await server.call('GET', `/v2/m/manifests/${first.digest}`)).status, 200)
    await pushManifest(server, 'm', 'moving', first)
    const back = await server.call('GET', '/v2/m/manifests/moving')
    assert.equal(back.headers['docker-content-digest'], first.digest)
  })
})

void test('manifests of unusual forms', async (t) => {
  const server = await startApp(t)
  await pushBlob(server, 'm', emptyConfig)
  const foreign = newBlob(10)
  const foreignLayer = (mediaType: string, urls?: readonly string[]): TypedContent =>
    image({ layers: [{ ...descriptor(foreign, mediaType), ...(urls && { urls }) }] })
  const base = JSON.parse(image().content.toString()) as Record<string, unknown>
  const accepted: Readonly<Record<string, TypedContent>> = {
    'no layers': image(),
    'layers: null': image({ layers: null }),
    'layers absent': typed(mediaTypes.ociManifest, { ...base, layers: undefined }),
    'no mediaType': typed(mediaTypes.ociManifest, { ...base, mediaType: undefined }),
    'an empty index': index([]),
    'an index without mediaType': typed(mediaTypes.ociIndex, { schemaVersion: 2, manifests: [] }),
    'an artifact': image({ artifactType: 'application/vnd.example.sbom' }),
    'unknown fields, spaces, another order, numbers that no double holds': typed(
      mediaTypes.ociManifest,
      `\n{ "zzz": [1.50, 12345678901234567890, "\\u00e9é"],\t"layers":[],\r\n "config":${JSON.stringify(base['config'])},` +
        ` "mediaType":"${mediaTypes.ociManifest}", "schemaVersion": 2, "__proto__": {"a": 1} }  \n`,
    ),
    'a subject that is not there': image({
      subject: { mediaType: mediaTypes.ociManifest, digest: digestOf('never'), size: 5 },
    }),
    'a layer that may not be distributed, with urls': foreignLayer(
      'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      ['https://example.com/layer'],
    ),
    'a layer that may not be distributed, without urls': foreignLayer(
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    ),
    'the same layer many times': image({
      layers: Array.from({ length: 500 }, () => descriptor(emptyConfig)),
    }),
  }
  for (const [what, manifest] of Object.entries(accepted)) {
    await t.test(what, async () => {
      for (const reference of ['form', manifest.digest]) {
        assert.equal((await putManifest(server, 'm', reference, manifest)).status, 201)
        const answer = await server.call('GET', `/v2/m/manifests/${reference}`)
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.body, manifest.content, 'byte for byte')
        assert.equal(answer.headers['content-type'], manifest.mediaType)
      }
    })
  }

  await t.test('indexes of indexes', async () => {
    const leaf = numbered(1)
    const inner = index([leaf])
    const outer = index([inner, leaf])
    assert.equal(outcome(await putManifest(server, 'm', 'outer', outer)), '400 MANIFEST_BLOB_UNKNOWN')
    for (const each of [leaf, inner, outer]) await pushManifest(server, 'm', each.digest, each)
    assert.equal((await server.call('GET', `/v2/m/manifests/${outer.digest}`)).status, 200)
  })

  await t.test('an index of blobs, as the caches of BuildKit are', async () => {
    const layer = newBlob(50)
    await pushBlob(server, 'm', layer)
    const cache = index([{ ...layer, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }])
    assert.equal((await putManifest(server, 'm', 'cache', cache)).status, 201)
  })

  await t.test('a manifest of exactly 4 MiB, and one byte more', async () => {
    const rest = 4 * 1024 * 1024 - filler(0).content.length
    const largest = filler(rest)
    assert.equal(largest.content.length, 4 * 1024 * 1024)
    assert.equal((await putManifest(server, 'm', 'largest', largest)).status, 201)
    assert.deepEqual((await server.call('GET', '/v2/m/manifests/largest')).body, largest.content)
    assert.equal(outcome(await putManifest(server, 'm', 'larger', filler(rest + 1))), '413 MANIFEST_INVALID')
  })
})

void test('manifests that are refused', async (t) => {
  const server = await startApp(t)
  await pushBlob(server, 'm', emptyConfig)
  const [missing, another] = [newBlob(10), newBlob(10)]
  const base = JSON.parse(image().content.toString()) as Record<string, unknown>
  const oci = (fields: Record<string, unknown>): TypedContent =>
    typed(mediaTypes.ociManifest, { ...base, ...fields })
  const docker = (fields: Record<string, unknown>): TypedContent =>
    typed(mediaTypes.dockerManifest, { ...base, mediaType: mediaTypes.dockerManifest, ...fields })

  const rows: Readonly<Record<string, readonly [manifest: TypedContent, expected: string]>> = {
    'schemaVersion 1': [oci({ schemaVersion: 1 }), '400 MANIFEST_INVALID'],
    'schemaVersion 3': [oci({ schemaVersion: 3 }), '400 MANIFEST_INVALID'],
    'schemaVersion "2"': [oci({ schemaVersion: '2' }), '400 MANIFEST_INVALID'],
    'no schemaVersion': [oci({ schemaVersion: undefined }), '400 MANIFEST_INVALID'],
    'another mediaType in the body': [oci({ mediaType: mediaTypes.ociIndex }), '400 MANIFEST_INVALID'],
    'no mediaType in a Docker manifest': [docker({ mediaType: undefined }), '400 MANIFEST_INVALID'],
    'manifests in an image': [oci({ manifests: [] }), '400 MANIFEST_INVALID'],
    'config in an index': [index([], { config: descriptor(emptyConfig) }), '400 MANIFEST_INVALID'],
    'layers in an index': [index([], { layers: [] }), '400 MANIFEST_INVALID'],
    'no config': [oci({ config: undefined }), '400 MANIFEST_INVALID'],
    'a config that is none': [oci({ config: 'x' }), '400 MANIFEST_INVALID'],
    'layers that are no list': [oci({ layers: {} }), '400 MANIFEST_INVALID'],
    'a missing layer': [oci({ layers: [descriptor(missing)] }), '400 MANIFEST_BLOB_UNKNOWN'],
    'a missing config': [oci({ config: descriptor(missing) }), '400 MANIFEST_BLOB_UNKNOWN'],
    'a missing child': [
      index([{ ...missing, mediaType: mediaTypes.ociManifest }]),
      '400 MANIFEST_BLOB_UNKNOWN',
    ],
    'a wrong size': [oci({ layers: [{ ...descriptor(emptyConfig), size: 3 }] }), '400 MANIFEST_INVALID'],
    'a wrong size beside the right one': [
      oci({ layers: [{ ...descriptor(emptyConfig), size: 3 }, descriptor(emptyConfig)] }),
      '400 MANIFEST_INVALID',
    ],
    'a missing layer that is named a second time as one that may be absent': [
      oci({
        layers: [
          descriptor(missing, 'application/vnd.oci.image.layer.v1.tar'),
          descriptor(missing, 'application/vnd.oci.image.layer.nondistributable.v1.tar'),
        ],
      }),
      '400 MANIFEST_BLOB_UNKNOWN',
    ],
  }
  for (const [what, [manifest, expected]] of Object.entries(rows)) {
    await t.test(`${what}: ${expected}`, async () => {
      assert.equal(outcome(await putManifest(server, 'm', 'refused', manifest)), expected)
      assert.equal((await server.call('HEAD', '/v2/m/manifests/refused')).status, 404)
      assert.equal((await server.call('HEAD', `/v2/m/manifests/${manifest.digest}`)).status, 404)
    })
  }

  await t.test('each missing reference has an error of its own, with its digest', async () => {
    const manifest = oci({
      config: descriptor(missing),
      layers: [descriptor(another), descriptor(emptyConfig), descriptor(another)],
    })
    const answer = await putManifest(server, 'm', 'refused', manifest)
    assert.equal(answer.status, 400)
    assert.deepEqual(
      errorsOf(answer).map(({ code, detail }) => ({ code, detail })),
      [missing, another].map(({ digest }) => ({ code: 'MANIFEST_BLOB_UNKNOWN', detail: digest })),
    )
  })

  await t.test('a blob of another repository is not one of this', async () => {
    await pushBlob(server, 'other', missing)
    const answer = await putManifest(server, 'm', 'refused', oci({ layers: [descriptor(missing)] }))
    assert.equal(outcome(answer), '400 MANIFEST_BLOB_UNKNOWN')
  })

  for (const type of [
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'application/json',
    'text/plain',
    '',
  ]) {
    await t.test(`Content-Type: ${type}`, async () => {
      const answer = await putManifest(server, 'm', 'refused', { ...image(), mediaType: type })
      assert.equal(outcome(answer), '400 MANIFEST_INVALID')
      const [error] = errorsOf(answer)
      if (type.includes('.v1+')) assert.match(String(error?.detail), /schema 1/)
      else assert.match(String(error?.detail), /unsupported manifest media type/)
    })
  }

  await t.test('without a Content-Type', async () => {
    const answer = await server.call('PUT', '/v2/m/manifests/refused', { body: image().content })
    assert.equal(outcome(answer), '400 MANIFEST_INVALID')
  })

  await t.test('by a digest of other bytes, or one that is none', async () => {
    for (const reference of [
      digestOf('other'),
      digestOf('other', 'sha512'),
      'sha256:short',
      `md5:${'0'.repeat(32)}`,
    ]) {
      const answer = await putManifest(server, 'm', reference, image())
      assert.equal(outcome(answer), '400 DIGEST_INVALID', reference)
    }
    assert.equal((await server.call('HEAD', `/v2/m/manifests/${image().digest}`)).status, 404)
  })
})

void test('digests of other algorithms name manifests', async (t) => {
  const server = await startApp(t)
  for (const algorithm of ['sha512', 'sha384']) {
    const manifest = numbered(1, { annotations: { algorithm } })
    const digest = digestOf(manifest.content, algorithm)
    const put = await pushManifest(server, 'm', digest, manifest)
    assert.equal(put.headers['docker-content-digest'], digest)
    assert.equal(put.headers.location, `${server.url}/v2/m/manifests/${digest}`)
    const get = await server.call('GET', `/v2/m/manifests/${digest}`)
    assert.equal(get.status, 200)
    assert.equal(get.headers['docker-content-digest'], digest)
    assert.equal(get.headers.etag, `"${digest}"`)
    assert.deepEqual(get.body, manifest.content)
    assert.equal((await server.call('HEAD', `/v2/m/manifests/${manifest.digest}`)).status, 200)
    const tagged = await server.call('PUT', `/v2/m/manifests/${digest}?tag=${algorithm}`, {
      headers: { 'Content-Type': manifest.mediaType },
      body: manifest.content,
    })
    assert.equal(tagged.headers['oci-tag'], algorithm)
    assert.equal((await server.call('GET', `/v2/m/manifests/${algorithm}`)).status, 200)
    assert.equal((await server.call('DELETE', `/v2/m/manifests/${digest}`)).status, 202)
    for (const reference of [digest, manifest.digest, algorithm]) {
      assert.equal((await server.call('HEAD', `/v2/m/manifests/${reference}`)).status, 404, reference)
    }
  }

  await t.test('and what a manifest refers to', async () => {
    const layer = newBlob(100)
    const sha512 = { content: layer.content, digest: digestOf(layer.content, 'sha512') }
    await pushBlob(server, 'm', sha512)
    await pushManifest(server, 'm', 'by-sha512', image({ layers: [descriptor(sha512)] }))
  })
})

void test('several tags in one PUT', async (t) => {
  const server = await startApp(t)
  await pushBlob(server, 'm', emptyConfig)
  const put = (reference: string, query: string, manifest = image()): ReturnType<typeof server.call> =>
    server.call('PUT', `/v2/m/manifests/${reference}${query}`, {
      headers: { 'Content-Type': manifest.mediaType },
      body: manifest.content,
    })
  const tags = Array.from({ length: 10 }, (_, number) => `t${number}`)

  await t.test('by digest', async () => {
    const answer = await put(image().digest, `?${tags.map((tag) => `tag=${tag}`).join('&')}`)
    assert.equal(answer.status, 201)
    assert.deepEqual(String(answer.headers['oci-tag']).split(/, */), tags)
    assert.deepEqual((await server.call('GET', '/v2/m/tags/list')).json(), { name: 'm', tags })
    for (const tag of tags) {
      const get = await server.call('GET', `/v2/m/manifests/${tag}`)
      assert.equal(get.headers['docker-content-digest'], image().digest)
    }
  })

  await t.test('by tag', async () => {
    const answer = await put('main', '?tag=also')
    assert.equal(answer.status, 201)
    for (const tag of ['main', 'also'])
      assert.equal((await server.call('HEAD', `/v2/m/manifests/${tag}`)).status, 200)
  })

  await t.test('one that is no tag: nothing is stored', async () => {
    const manifest = numbered(5)
    for (const bad of ['..', 'a/b', 'ü', '', 'x'.repeat(129), '-a', '.a', 'a%00b', 'sha256:x']) {
      const answer = await put(manifest.digest, `?tag=good&tag=${bad}`, manifest)
      assert.equal(outcome(answer), '400 TAG_INVALID', bad)
    }
    for (const reference of ['good', manifest.digest]) {
      assert.equal((await server.call('HEAD', `/v2/m/manifests/${reference}`)).status, 404)
    }
  })
})

void test('manifests that are not there', async (t) => {
  const server = await startApp(t)
  await pushManifest(server, 'here', 'latest', image())
  const blob = newBlob(10)
  await pushBlob(server, 'here', blob)
  for (const [repository, reference, detail] of [
    ['here', 'other', 'unknown tag=other'],
    ['here', digestOf('x'), `unknown manifest name=here revision=${digestOf('x')}`],
    ['here', blob.digest, `unknown manifest name=here revision=${blob.digest}`],
    ['nowhere', 'latest', 'unknown tag=latest'],
    ['nowhere', image().digest, `unknown manifest name=nowhere revision=${image().digest}`],
    ['here', 'Latest', 'unknown tag=Latest'],
  ] as const) {
    const path = `/v2/${repository}/manifests/${reference}`
    const get = await server.call('GET', path)
    assert.equal(outcome(get), '404 MANIFEST_UNKNOWN')
    assert.equal(errorsOf(get)[0]?.detail, detail)
    const head = await server.call('HEAD', path)
    assert.equal(head.status, 404)
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
    assert.equal(outcome(await server.call('DELETE', path)), '404 MANIFEST_UNKNOWN')
  }
  assert.equal(outcome(await server.call('GET', '/v2/here/manifests/sha256:short')), '400 DIGEST_INVALID')
})
