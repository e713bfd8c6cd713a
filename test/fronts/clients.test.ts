import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { dockerPrograms, startDocker } from '../support/docker-daemon.ts'
import { ImageLayout } from '../support/images.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeAuthority } from './certificates.ts'
import { frontKinds, ownAddress, startFront } from './front.ts'
import { startRegistry } from './registry.ts'

for (const kind of frontKinds) {
  void test(`clients through ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    const authority = await makeAuthority(t)
    const registry = await startRegistry({}, t)
    const address = ownAddress()
    const front = await startFront(
      { kind, registries: [registry.at], address, tls: await authority.issue([address]) },
      t,
    )
    const folder = temporaryFolder(t).path
    const layout = new ImageLayout(join(folder, 'layout'))
    await t.test('skopeo pushes and pulls', async (sub) => {
      if (!requireProgram(sub, 'skopeo')) return
      const image = await layout.addImage({ seed: kind, layers: [1000, 30_000_000] })
      layout.tag('v1', image)
      const trusted = join(folder, 'trusted')
      mkdirSync(trusted)
      copyFileSync(authority.authority, join(trusted, 'ca.crt'))
      const remote = `docker://${front.host}/team/image:v1`
      const source = `oci:${layout.folder}:v1`
      await assert.rejects(run('skopeo', ['copy', source, remote]), /certificate/)
      await run('skopeo', [...words('copy --dest-cert-dir'), trusted, source, remote])
      const back = `oci:${join(folder, 'back')}:v1`
      await run('skopeo', [...words('copy --src-cert-dir'), trusted, remote, back])
      const raw = await run('skopeo', [...words('inspect --raw --cert-dir'), trusted, remote])
      const { layers } = JSON.parse(raw.stdout) as { layers: { digest: string }[] }
      assert.deepEqual(
        layers.map(({ digest }) => digest),
        image.layers.map(({ digest }) => digest),
      )
    })

    await t.test('Docker pushes and pulls', async (sub) => {
      if (!requireProgram(sub, ...dockerPrograms, 'tar')) return
      const { docker } = await startDocker(sub)
      // Docker keeps layers uncompressed.
      const spec = { seed: `${kind}, docker`, layers: [1000, 30_000_000], compression: 'none' } as const
      const image = await layout.addImage(spec)
      const name = `${front.host}/team/docker:v1`
      layout.nameForDocker({ [name]: image })
      const archive = join(folder, 'image.tar')
      await run('tar', ['-cf', archive, '-C', layout.folder, 'manifest.json', 'blobs'])
      await docker(['load', '--quiet', '--input', archive])
      await docker(['push', name])
      await docker(['rmi', '--force', image.config.digest])
      assert.equal(await docker(['images', '--all', '--quiet']), '')
      await docker(['pull', name])
      assert.equal(await docker(['inspect', '--format', '{{.Id}}', name]), image.config.digest)
      assert.match(registry.output(), /docker\/[^"]* go\//, 'it was Docker that came')
    })
  })
}
