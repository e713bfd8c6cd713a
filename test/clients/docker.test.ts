import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createGunzip } from 'node:zlib'
import { dockerPrograms, startDocker, type DockerDaemon } from '../support/docker-daemon.ts'
import { http, httpStream } from '../support/http.ts'
import { ImageLayout, mediaTypes, type BuiltImage } from '../support/images.ts'
import { readImage, type StoredImage } from '../support/registry-content.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const mebibyte = 1024 * 1024
/** A push or pull of more than a gibibyte takes its time on a busy machine, most of it Docker's own. */
const long = { timeoutMs: 600_000 }

void test('docker', async (t) => {
  if (!requireProgram(t, ...dockerPrograms, 'tar') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const daemon = await startDocker(t)
  const { docker } = daemon
  const name = `${registry.host}/team/image`
  // More layers than Docker pushes at once.
  const sizes = [1000, 3_000_000, 0, 20_000, 1, 2, 3, 4, 5, 6]
  const image = await load(t, daemon, { seed: 'docker', layers: sizes }, `${name}:v1`)
  const command = ['sha256sum', ...sizes.map((_, layer) => `/data/${layer}`)]
  let pushed: StoredImage

  await t.test('pushes an image of several layers', async () => {
    await docker(['push', `${name}:v1`])
    pushed = await readImage(registry.url, 'team/image', 'v1')
    await assertSameImage(registry, 'team/image', pushed, image)
  })

  await t.test('pushes it again: every layer exists', async () => {
    await docker(['tag', `${name}:v1`, `${name}:again`])
    const said = await docker(['push', `${name}:again`])
    assert.equal(said.match(/Layer already exists/g)?.length, image.layers.length)
    assert.doesNotMatch(said, /Pushed/)
    assert.equal((await readImage(registry.url, 'team/image', 'again')).digest, pushed.digest)
  })

  await t.test('mounts layers across repositories', async () => {
    const elsewhere = `${registry.host}/other/image`
    await docker(['tag', `${name}:v1`, `${elsewhere}:v1`])
    const said = await docker(['push', `${elsewhere}:v1`])
    assert.equal(said.match(/Mounted from team\/image/g)?.length, image.layers.length)
    assert.equal((await readImage(registry.url, 'other/image', 'v1')).digest, pushed.digest)
  })

  await t.test('pulls it back, by tag and by digest, and runs it', async () => {
    for (const reference of [`${name}:v1`, `${name}@${pushed.digest}`]) {
      await removeAll(daemon)
      const said = await docker(['pull', reference])
      assert.ok(said.includes(`Digest: ${pushed.digest}`), said)
      assert.equal(await docker(['inspect', '--format', '{{.Id}}', reference]), image.config.digest)
      const sums = await docker(['run', '--rm', '--network', 'none', reference, ...command])
      assert.deepEqual(
        sums.split('\n').map((line) => `sha256:${line.split(' ')[0]}`),
        image.files,
      )
    }
  })

  await t.test('pulls all tags of a repository', async () => {
    await removeAll(daemon)
    await docker(['pull', '--all-tags', name])
    const tags = (await docker(['images', '--format', '{{.Tag}}', name])).split('\n')
    assert.deepEqual(tags.toSorted(), ['again', 'v1'])
  })

  await t.test('builds on a pulled image and pushes what is new', async () => {
    await removeAll(daemon)
    const file = `FROM ${name}:v1\nRUN echo built > /built\nCMD ["cat", "/built"]\n`
    const built = `${registry.host}/team/built:v1`
    await docker(['build', '--network', 'none', '--tag', built, '-'], { input: file })
    const said = await docker(['push', built])
    assert.equal(said.match(/Mounted from/g)?.length, image.layers.length)
    await removeAll(daemon)
    assert.equal(await docker(['run', '--rm', '--network', 'none', built]), 'built')
  })

  await t.test('pushes a manifest list', async () => {
    const s390x = await load(
      t,
      daemon,
      { seed: 'elsewhere', platform: { os: 'linux', architecture: 's390x' } },
      `${name}:s390x`,
    )
    await docker(['push', `${name}:s390x`])
    await docker(['manifest', 'create', '--insecure', `${name}:all`, `${name}:v1`, `${name}:s390x`])
    await docker(['manifest', 'push', '--insecure', `${name}:all`])
    const stored = await readImage(registry.url, 'team/image', 'all')
    assert.equal(stored.mediaType, mediaTypes.dockerList)
    const children = stored.children.map(({ manifest }) => manifest.config?.digest)
    // The client sorts them its own way.
    assert.deepEqual(new Set(children), new Set([image.config.digest, s390x.config.digest]))
    await removeAll(daemon)
    await docker(['pull', `${name}:all`])
    assert.equal(await docker(['inspect', '--format', '{{.Id}}', `${name}:all`]), image.config.digest)
    await removeAll(daemon)
    await docker(['pull', '--platform', 'linux/s390x', `${name}:all`])
    assert.equal(await docker(['inspect', '--format', '{{.Id}}', `${name}:all`]), s390x.config.digest)
  })

  await t.test('pulls from an OCI index that holds an attestation as well (BuildKit)', async (part) => {
    if (!requireProgram(part, 'skopeo')) return
    const layout = new ImageLayout(temporaryFolder(t).path)
    const built = await layout.addImage({ seed: 'BuildKit' })
    const unknown = { os: 'unknown', architecture: 'unknown' }
    const attestation = await layout.addImage({ seed: 'attestation', platform: unknown })
    const index = layout.addIndex([attestation, built])
    layout.tag('v1', index)
    const reference = `${registry.host}/team/oci:v1`
    await run('skopeo', [
      ...words('copy --all --dest-tls-verify=false'),
      `oci:${layout.folder}:v1`,
      `docker://${reference}`,
    ])
    const said = await docker(['pull', reference])
    assert.ok(said.includes(`Digest: ${index.digest}`), said)
    assert.equal(await docker(['inspect', '--format', '{{.Id}}', reference]), built.config.digest)
  })

  await t.test('refuses a tag that is not there, and a delete', async () => {
    await assert.rejects(docker(['pull', `${name}:absent`]), /manifest unknown|not found/)
    await assert.rejects(docker(['pull', `${registry.host}/absent/image:v1`]), /manifest unknown|not found/)
    const answer = await http('DELETE', `${registry.url}/v2/team/image/manifests/${pushed.digest}`)
    assert.equal(answer.status, 405)
    assert.equal((await readImage(registry.url, 'team/image', 'v1')).digest, pushed.digest)
  })
})

void test('docker, what is interrupted', async (t) => {
  if (!requireProgram(t, ...dockerPrograms, 'tar') || !requireRoot(t)) return
  const daemon = await startDocker(t)
  const size = 100 * mebibyte

  await t.test('a push, by a network that breaks', async (part) => {
    const registry = await startRegistry({}, part)
    const proxy = await startTcpProxy(registry.port, part)
    const name = `${proxy.host}/broken/image:v1`
    const image = await load(part, daemon, { seed: 'broken', layers: [1000, size] }, name)
    let cuts = 0
    proxy.whenReceived(size / 2, () => {
      cuts++
      proxy.cut()
    })
    await daemon.docker(['push', name])
    assert.equal(cuts, 1)
    assert.ok(proxy.received > size * 1.4, 'the rest came after the cut')
    const stored = await readImage(registry.url, 'broken/image', 'v1')
    await assertSameImage(registry, 'broken/image', stored, image)

    await part.test('and a pull, which goes on where it broke off', async () => {
      await removeAll(daemon)
      const before = proxy.sent
      proxy.whenSent(size / 2, () => {
        cuts++
        proxy.cut()
      })
      await daemon.docker(['pull', name])
      assert.equal(cuts, 2)
      assert.match(registry.output(), /" 206 /)
      assert.ok(proxy.sent - before < size * 1.3, `${proxy.sent - before} bytes`)
      assert.equal(await daemon.docker(['inspect', '--format', '{{.Id}}', name]), image.config.digest)
    })
  })

  await t.test('a push, by a registry that is killed and started again', async (part) => {
    const root = temporaryFolder(part).path
    const first = await startRegistry({ root }, part)
    const proxy = await startTcpProxy(first.port, part)
    const name = `${proxy.host}/killed/image:v1`
    const image = await load(part, daemon, { seed: 'killed', layers: [1000, size] }, name)
    let second: Promise<RunningRegistry> | undefined
    proxy.whenReceived(size / 2, () => {
      second = first.kill().then(() => startRegistry({ root, port: first.port }, part))
    })
    await daemon.docker(['push', name])
    assert.ok(second !== undefined, 'killed')
    const registry = await second
    const stored = await readImage(registry.url, 'killed/image', 'v1')
    await assertSameImage(registry, 'killed/image', stored, image)
    await removeAll(daemon)
    await daemon.docker(['pull', name])
    assert.equal(await daemon.docker(['inspect', '--format', '{{.Id}}', name]), image.config.digest)
  })
})

void test('docker, an image of more than 1 GiB', async (t) => {
  if (!requireProgram(t, ...dockerPrograms, 'tar') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const daemon = await startDocker(t)
  const name = `${registry.host}/large/image:v1`
  const image = await load(t, daemon, { seed: 'large', layers: [1100 * mebibyte] }, name)
  await daemon.docker(['push', name], long)
  const stored = await readImage(registry.url, 'large/image', 'v1')
  assert.ok(stored.manifest.layers!.at(-1)!.size > 1024 * mebibyte)
  await assertSameImage(registry, 'large/image', stored, image)
  await removeAll(daemon)
  await daemon.docker(['pull', name], long)
  const sum = await daemon.docker(['run', '--rm', '--network', 'none', name, 'sha256sum', '/data/0'], long)
  assert.equal(`sha256:${sum.split(' ')[0]}`, image.files[0])
})

/** Makes an image and loads it into the daemon. The layers stay uncompressed, as Docker keeps them: it compresses. */
async function load(
  t: TestContext,
  daemon: DockerDaemon,
  spec: Parameters<ImageLayout['addImage']>[0],
  name: string,
): Promise<BuiltImage> {
  const folder = temporaryFolder(t)
  const layout = new ImageLayout(join(folder.path, 'layout'))
  const image = await layout.addImage({ ...spec, compression: 'none' })
  layout.nameForDocker({ [name]: image })
  const archive = join(folder.path, 'image.tar')
  await run('tar', ['-cf', archive, '-C', layout.folder, 'manifest.json', 'blobs'], long)
  await daemon.docker(['load', '--quiet', '--input', archive], long)
  await folder.remove()
  return image
}

async function removeAll({ docker }: DockerDaemon): Promise<void> {
  const ids = (await docker(['images', '--all', '--quiet'])).split('\n').filter((id) => id !== '')
  // In whatever order they come: one that others are built on cannot go first, and goes with them.
  if (ids.length > 0) await docker(['rmi', '--force', ...new Set(ids)], { mayFail: true })
  assert.equal(await docker(['images', '--all', '--quiet']), '')
}

/** The registry holds Docker's compression of exactly these layers, under the same configuration. */
async function assertSameImage(
  registry: RunningRegistry,
  repository: string,
  stored: StoredImage,
  image: BuiltImage,
): Promise<void> {
  assert.equal(stored.mediaType, mediaTypes.dockerManifest)
  assert.equal(stored.manifest.config?.digest, image.config.digest)
  const diffIds: string[] = []
  for (const layer of stored.manifest.layers ?? []) {
    const gunzip = createGunzip()
    const hash = createHash('sha256')
    const unpacked = (async () => {
      for await (const chunk of gunzip) hash.update(chunk as Buffer)
    })()
    const url = `${registry.url}/v2/${repository}/blobs/${layer.digest}`
    await httpStream('GET', url, {}, (chunk) => gunzip.write(chunk))
    gunzip.end()
    await unpacked
    diffIds.push(`sha256:${hash.digest('hex')}`)
  }
  assert.deepEqual(diffIds, image.diffIds)
}
