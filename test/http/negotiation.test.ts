import assert from 'node:assert/strict'
import test from 'node:test'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'
import {
  descriptor,
  emptyConfig,
  image,
  index,
  pushBlob,
  pushManifest,
  typed,
  type TypedContent,
} from './content.ts'
import { contentHeaders, errorsOf, startApp } from './in-process.ts'

const config = descriptor(emptyConfig, 'application/vnd.docker.container.image.v1+json')

function docker(note: string): TypedContent {
  return typed(mediaTypes.dockerManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config,
    layers: [],
    note,
  })
}

function list(children: readonly (readonly [TypedContent, string])[]): TypedContent {
  return typed(mediaTypes.dockerList, {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerList,
    manifests: children.map(([child, architecture]) => ({
      ...descriptor(child, child.mediaType),
      platform: { os: 'linux', architecture },
    })),
  })
}

const amd64 = docker('amd64')
const arm64 = docker('arm64')
const ociChild = image({ annotations: { child: 'yes' } })
const stored: Readonly<Record<string, TypedContent>> = {
  ociManifest: image(),
  ociIndex: index([ociChild]),
  dockerManifest: docker('alone'),
  dockerList: list([
    [arm64, 'arm64'],
    [amd64, 'amd64'],
  ]),
  armList: list([[arm64, 'arm64']]),
  ociList: list([[ociChild, 'amd64']]),
}

/** What comes back: the name of what is stored, a child, or a status with its message. */
type Expected = string

const ociRefused = '404 MANIFEST_UNKNOWN OCI manifest found, but accept header does not support OCI manifests'

const rows: readonly (readonly [accept: string | undefined, kind: string, by: 'tag' | 'digest', Expected])[] =
  [
    // No opinion, or any: what is stored.
    ...Object.keys(stored).flatMap((kind) =>
      [undefined, '*/*', 'application/*', 'text/html, */*;q=0.1', 'application/* ; q=0.5'].flatMap(
        (accept) => [[accept, kind, 'tag', kind] as const, [accept, kind, 'digest', kind] as const],
      ),
    ),
    // The stored type among others, in any order, with weights, in any case.
    [`${mediaTypes.dockerManifest}, ${mediaTypes.ociManifest}`, 'ociManifest', 'tag', 'ociManifest'],
    [`${mediaTypes.ociManifest};q=0.2`, 'ociManifest', 'digest', 'ociManifest'],
    [mediaTypes.ociManifest.toUpperCase(), 'ociManifest', 'tag', 'ociManifest'],
    [mediaTypes.dockerList, 'dockerList', 'tag', 'dockerList'],
    // Exact types without the stored one: Distribution 3's table.
    [mediaTypes.dockerManifest, 'ociManifest', 'tag', ociRefused],
    [mediaTypes.dockerManifest, 'ociManifest', 'digest', ociRefused],
    ['application/json', 'ociManifest', 'tag', ociRefused],
    ['text/*', 'ociManifest', 'tag', ociRefused],
    ['application/json', 'ociIndex', 'tag', 'ociIndex'],
    ['application/json', 'ociIndex', 'digest', 'ociIndex'],
    [mediaTypes.dockerManifest, 'dockerList', 'tag', 'amd64'],
    [mediaTypes.dockerManifest, 'dockerList', 'digest', 'dockerList'],
    [
      mediaTypes.ociManifest,
      'dockerList',
      'tag',
      '400 MANIFEST_INVALID Schema 2 manifest not supported by client',
    ],
    [mediaTypes.dockerManifest, 'armList', 'tag', '404 MANIFEST_UNKNOWN manifest unknown'],
    [mediaTypes.dockerManifest, 'armList', 'digest', 'armList'],
    [mediaTypes.ociManifest, 'dockerManifest', 'tag', 'dockerManifest'],
    [mediaTypes.ociManifest, 'dockerManifest', 'digest', 'dockerManifest'],
    ['application/json', 'dockerManifest', 'tag', 'dockerManifest'],
  ]

void test('what a client gets by the types it accepts', async (t) => {
  const server = await startApp(t)
  await pushBlob(server, 'm', emptyConfig)
  const contents: Record<string, TypedContent> = { ...stored, amd64, arm64, ociChild }
  for (const [name, manifest] of Object.entries({ amd64, arm64, ociChild, ...stored })) {
    await pushManifest(server, 'm', name, manifest)
  }
  for (const [accept, kind, by, expected] of rows) {
    await t.test(`${kind} by ${by}, Accept: ${accept}: ${expected}`, async () => {
      const reference = by === 'tag' ? kind : String(contents[kind]?.digest)
      const path = `/v2/m/manifests/${reference}`
      const options = accept === undefined ? {} : { headers: { Accept: accept } }
      const get = await server.call('GET', path, options)
      const head = await server.call('HEAD', path, options)
      assert.equal(head.status, get.status)
      assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
      const content = contents[expected]
      if (content === undefined) {
        const [error] = errorsOf(get)
        assert.equal(`${get.status} ${error?.code} ${error?.message}`, expected)
        return
      }
      assert.equal(get.status, 200)
      assert.equal(digestOf(get.body), content.digest)
      assert.equal(get.headers['docker-content-digest'], content.digest)
      assert.equal(get.headers['content-type'], content.mediaType)
      assert.equal(get.headers.etag, `"${content.digest}"`)
    })
  }

  await t.test('several Accept headers count as one', async () => {
    const { request } = await import('node:http')
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const accept = [mediaTypes.dockerManifest, mediaTypes.ociManifest]
      const headers = ['Host', 'x', 'Accept', String(accept[0]), 'Accept', String(accept[1])]
      const sent = request(
        { host: '127.0.0.1', port: server.port, path: '/v2/m/manifests/ociManifest', headers, agent: false },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      sent.on('error', reject)
      sent.end()
    })
    assert.equal(status, 200)
  })
})
