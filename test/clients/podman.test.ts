import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { ImageLayout, mediaTypes } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { programPath, requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('podman', async (t) => {
  if (!requireProgram(t, 'podman', 'runc') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const folder = temporaryFolder(t).path
  const layout = new ImageLayout(join(folder, 'layout'))
  const image = await layout.addImage({ seed: 'podman', layers: [1000, 3_000_000, 20] })
  layout.tag('one', image)

  const flags = words(`
    --root ${folder}/storage --runroot ${folder}/run --tmpdir ${folder}/tmp --storage-driver vfs
    --runtime ${programPath('runc')} --cgroup-manager cgroupfs --events-backend none
  `)
  const podman = async (...args: string[]): Promise<string> =>
    (await run('podman', [...flags, ...args])).stdout.trim()
  const remove = (): Promise<string> => podman('rmi', '--all', '--force')
  const proxy = await startTcpProxy(registry.port, t)
  const name = `${proxy.host}/podman/image`

  await t.test('pushes an image', async () => {
    await podman('pull', '--quiet', `oci:${layout.folder}:one`)
    await podman('tag', image.config.digest.slice(7), `${name}:v1`)
    await podman('push', '--tls-verify=false', '--digestfile', join(folder, 'digest'), `${name}:v1`)
    const stored = await readImage(registry.url, 'podman/image', 'v1')
    assert.equal(stored.mediaType, mediaTypes.ociManifest)
    assert.equal(stored.manifest.config?.digest, image.config.digest)
    assert.equal(stored.manifest.layers?.length, image.layers.length)
  })

  await t.test('pushes it again without sending a layer', async () => {
    const before = await readImage(registry.url, 'podman/image', 'v1')
    const sent = proxy.received
    await podman('push', '--tls-verify=false', `${name}:v1`)
    assert.ok(proxy.received - sent < 20_000, `${proxy.received - sent} bytes`)
    assert.equal((await readImage(registry.url, 'podman/image', 'v1')).digest, before.digest)
  })

  await t.test('pulls it back, by tag and by digest, and runs it', async () => {
    const { digest } = await readImage(registry.url, 'podman/image', 'v1')
    for (const reference of [`${name}@${digest}`, `${name}:v1`]) {
      await remove()
      const id = await podman('pull', '--quiet', '--tls-verify=false', reference)
      assert.equal(`sha256:${id}`, image.config.digest)
      const limits = words('--ulimit nofile=1024:1024 --ulimit nproc=4096:4096')
      const command = words('sha256sum /data/0 /data/1 /data/2')
      const sums = await podman('run', '--rm', '--network', 'host', ...limits, reference, ...command)
      assert.deepEqual(
        sums.split('\n').map((line) => `sha256:${line.split(' ')[0]}`),
        image.files,
      )
    }
  })

  await t.test('pushes Docker media types', async () => {
    await podman('push', '--tls-verify=false', '--format', 'v2s2', `${name}:v1`, `docker://${name}:docker`)
    const stored = await readImage(registry.url, 'podman/image', 'docker')
    assert.equal(stored.mediaType, mediaTypes.dockerManifest)
    await remove()
    await podman('pull', '--quiet', '--tls-verify=false', `${name}:docker`)
  })

  await t.test('pushes a manifest list', async () => {
    await podman('manifest', 'create', 'both')
    await podman('manifest', 'add', '--tls-verify=false', 'both', `docker://${name}:v1`)
    await podman(
      'manifest',
      'add',
      '--tls-verify=false',
      '--arch',
      's390x',
      'both',
      `docker://${name}:docker`,
    )
    await podman('manifest', 'push', '--all', '--tls-verify=false', 'both', `docker://${name}:both`)
    const stored = await readImage(registry.url, 'podman/image', 'both')
    assert.equal(stored.children.length, 2)
    await remove()
    const id = await podman('pull', '--quiet', '--tls-verify=false', `${name}:both`)
    assert.equal(`sha256:${id}`, image.config.digest)
  })

  await t.test('searches for tags', async () => {
    const found = await podman('search', '--list-tags', '--tls-verify=false', name)
    const rows = found.split('\n').slice(1)
    assert.deepEqual(
      rows.map((row) => words(row)),
      ['both', 'docker', 'v1'].map((tag) => [name, tag]),
    )
  })
})
