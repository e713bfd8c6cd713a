import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http, type HttpResponse } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { emptyConfig, numbered, octets, type TypedContent } from './content.ts'

const rounds = 200

/** Pushes to each process at once. */
const each = 2

void test('two processes on one folder: of the manifests that race for an immutable tag, one gets it', async (t) => {
  const root = join(temporaryFolder(t).path, 'root')
  const config = { access: { immutable: ['v*'] } }
  const registries = await Promise.all([0, 1].map(() => startRegistry({ kind: 'berth', root, config }, t)))
  const [one, other] = registries
  assert.ok(one && other)
  const blob = `/v2/r/blobs/uploads/?digest=${emptyConfig.digest}`
  const pushed = await http('POST', one.url + blob, { headers: octets, body: emptyConfig.content })
  assert.equal(pushed.status, 201)

  let races = 0
  for (let round = 0; round < rounds; round++) {
    const tag = `v${round}`
    const folder = join(root, `docker/registry/v2/repositories/r/_manifests/tags/${tag}/current`)
    // Every other one where a crash left a link without a digest, once more where it left the folder.
    if (round % 2 === 0) mkdirSync(folder, { recursive: true })
    if (round % 4 === 0) writeFileSync(join(folder, 'link'), round % 8 === 0 ? '' : 'sha256:half')

    const manifests = Array.from({ length: 2 * each }, (_, index) => numbered(round * 10 + index))
    const answers: HttpResponse[] = await Promise.all(
      manifests.map((manifest, index) => put(index % 2 === 0 ? one : other, tag, manifest)),
    )
    const held = readFileSync(join(folder, 'link'), 'utf8')
    const where = `round ${round}: ${answers.map(({ status }) => status).join(' ')}`
    for (const [index, manifest] of manifests.entries()) {
      assert.equal(answers[index]?.status, manifest.digest === held ? 201 : 409, where)
      if (manifest.digest !== held) {
        assert.match(answers[index]?.body.toString() ?? '', new RegExp(held))
        // Nothing but a race leaves the manifest of a push that was refused.
        if ((await http('GET', `${one.url}/v2/r/manifests/${manifest.digest}`)).status === 200) races++
      }
    }
    for (const { url } of registries) {
      const { status, headers } = await http('GET', `${url}/v2/r/manifests/${tag}`)
      assert.deepEqual([status, headers['docker-content-digest']], [200, held], where)
    }
  }
  assert.ok(races > rounds / 10, `only ${races} pushes lost at the last moment`)
  assert.deepEqual(readdirSync(join(root, '_berth/tmp')), [])
})

async function put(registry: RunningRegistry, tag: string, manifest: TypedContent): Promise<HttpResponse> {
  const headers = { 'Content-Type': manifest.mediaType }
  const url = `${registry.url}/v2/r/manifests/${tag}`
  return await http('PUT', url, { headers, body: manifest.content })
}
