import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { dockerPrograms, startDocker } from '../support/docker-daemon.ts'
import { ImageLayout } from '../support/images.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates } from '../tls/certificates.ts'

void test('clients over the TLS of the registry itself', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const folder = temporaryFolder(t).path
  const certificates = await makeCertificates(folder)
  const { root, server, client } = certificates
  const pair = { certificate: server.ecdsa.chain, key: server.ecdsa.key }
  const ca = readFileSync(root.certificate)
  const layout = new ImageLayout(join(folder, 'layout'))

  await t.test('skopeo, with the authority that it knows', async (sub) => {
    if (!requireProgram(sub, 'skopeo')) return
    const registry = await startRegistry({ kind: 'berth', config: { http: { tls: pair } }, tls: { ca } }, sub)
    const image = await layout.addImage({ seed: 'tls', layers: [1000, 20_000_000] })
    layout.tag('tls', image)
    const trusted = join(folder, 'trusted')
    mkdirSync(trusted)
    copyFileSync(root.certificate, join(trusted, 'ca.crt'))
    const remote = `docker://localhost:${registry.port}/team/image:v1`
    const source = `oci:${layout.folder}:tls`
    await assert.rejects(run('skopeo', ['copy', source, remote]), /certificate/)
    await run('skopeo', [...words('copy --dest-cert-dir'), trusted, source, remote])
    await run('skopeo', [...words('copy --src-cert-dir'), trusted, remote, `oci:${join(folder, 'back')}:v1`])
    const raw = await run('skopeo', [...words('inspect --raw --cert-dir'), trusted, remote])
    const { layers } = JSON.parse(raw.stdout) as { layers: { digest: string }[] }
    assert.deepEqual(
      layers.map(({ digest }) => digest),
      image.layers.map(({ digest }) => digest),
    )
  })

  await t.test('skopeo, with a certificate of its own', async (sub) => {
    if (!requireProgram(sub, 'skopeo')) return
    const tls = { ...pair, clientcas: [certificates.clientRoot.certificate] }
    const own = { cert: readFileSync(client.good.certificate), key: readFileSync(client.good.key) }
    const registry = await startRegistry(
      { kind: 'berth', config: { http: { tls } }, tls: { ca, ...own } },
      sub,
    )
    const image = await layout.addImage({ seed: 'mutual', layers: [1000] })
    layout.tag('mutual', image)
    const remote = `docker://localhost:${registry.port}/team/image:v1`
    const source = `oci:${layout.folder}:mutual`
    const copy = async (name: string, from?: typeof client.good): Promise<unknown> => {
      const trusted = join(folder, name)
      mkdirSync(trusted)
      copyFileSync(root.certificate, join(trusted, 'ca.crt'))
      if (from !== undefined) {
        copyFileSync(from.certificate, join(trusted, 'client.cert'))
        copyFileSync(from.key, join(trusted, 'client.key'))
      }
      return await run('skopeo', [...words('copy --dest-cert-dir'), trusted, source, remote])
    }
    await copy('good', client.good)
    for (const [name, from] of Object.entries({ nobody: undefined, ...client })) {
      if (name !== 'good') await assert.rejects(copy(`not-${name}`, from), /skopeo/, name)
    }
  })

  await t.test('Docker', async (sub) => {
    if (!requireProgram(sub, ...dockerPrograms, 'tar') || !requireRoot(sub)) return
    const registry = await startRegistry({ kind: 'berth', config: { http: { tls: pair } }, tls: { ca } }, sub)
    const { docker } = await startDocker(sub)
    // Docker keeps layers uncompressed.
    const spec = { seed: 'docker and tls', layers: [1000, 30_000_000], compression: 'none' } as const
    const image = await layout.addImage(spec)
    const name = `${registry.host}/team/docker:v1`
    layout.nameForDocker({ [name]: image })
    const archive = join(folder, 'image.tar')
    await run('tar', ['-cf', archive, '-C', layout.folder, 'manifest.json', 'blobs'])
    await docker(['load', '--quiet', '--input', archive])
    await docker(['push', name])
    await docker(['rmi', '--force', image.config.digest])
    assert.equal(await docker(['images', '--all', '--quiet']), '')
    await docker(['pull', name])
    assert.equal(await docker(['inspect', '--format', '{{.Id}}', name]), image.config.digest)
  })
})
