import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { frontKinds, type FrontKind, type FrontOptions } from '../fronts/front.ts'
import { startContainerdDaemon } from '../support/containerd-daemon.ts'
import { dockerPrograms, startDocker } from '../support/docker-daemon.ts'
import { ImageLayout } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { sharedFolder, spreadOf, startBalancer, startReplicas, type Replica } from '../support/replicas.ts'
import { programPath, requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/**
 * Real clients, each of whose requests another replica answers. Their requests come several at once, so that a balancer that asks
 * in turn sends two of one upload to the same replica now and then. HAProxy is told to go by the method as well: then no two
 * requests of an upload can meet.
 */
const edits: Readonly<Record<FrontKind, FrontOptions['edits']>> = {
  nginx: {},
  haproxy: {
    'replicas.cfg': [
      [
        '    retries 3\n',
        `    retries 3
    use-server registry1 if { method POST GET }
    use-server registry2 if { method PATCH HEAD }
    use-server registry3 if { method PUT }
`,
      ],
    ],
  },
}

/** Half of the clients behind each, unless there is time for all. */
const isFull = process.env['BERTH_FULL'] !== undefined

for (const kind of frontKinds) {
  void test(`clients of three replicas behind ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'tar') || !requireRoot(t)) return
    const store = sharedFolder(t)
    // Nobody needs to agree on a secret.
    const replicas = await startReplicas(
      store,
      ['one', 'two', 'three'].map((secret) => ({ config: { http: { secret } } })),
      t,
    )
    const front = await startBalancer(kind, replicas, t, edits[kind])
    const folder = temporaryFolder(t).path
    const layout = new ImageLayout(join(folder, 'layout'))
    const uploads: (readonly number[])[] = []
    const spec = { layers: [1000, 6_000_000, 300_000] }

    if (isFull || kind === 'nginx')
      await t.test('skopeo', async (sub) => {
        if (!requireProgram(sub, 'skopeo')) return
        const image = await layout.addImage({ ...spec, seed: `${kind} skopeo` })
        layout.tag('skopeo', image)
        const remote = `docker://${front.host}/clients/skopeo:v1`
        await run('skopeo', [...words('copy --dest-tls-verify=false'), `oci:${layout.folder}:skopeo`, remote])
        await run('skopeo', [
          ...words('copy --src-tls-verify=false'),
          remote,
          `oci:${join(folder, 'back')}:v1`,
        ])
        await sameEverywhere(replicas, 'clients/skopeo', 'v1', image.digest)
        uploads.push(...(await spreadOf(replicas, 'clients/skopeo')).values())
        wereAsked(replicas, 'clients/skopeo', /skopeo/)
      })

    if (isFull || kind === 'haproxy')
      await t.test('podman', async (sub) => {
        if (!requireProgram(sub, 'podman', 'runc')) return
        const image = await layout.addImage({ ...spec, seed: `${kind} podman` })
        layout.tag('podman', image)
        const flags = words(`
        --root ${folder}/podman --runroot ${folder}/podman-run --tmpdir ${folder}/podman-tmp --storage-driver vfs
        --runtime ${programPath('runc')} --cgroup-manager cgroupfs --events-backend none
      `)
        const podman = async (...args: string[]): Promise<string> =>
          (await run('podman', [...flags, ...args])).stdout.trim()
        const name = `${front.host}/clients/podman:v1`
        await podman('pull', '--quiet', `oci:${layout.folder}:podman`)
        await podman('push', '--tls-verify=false', image.config.digest.slice(7), name)
        await podman('rmi', '--all', '--force')
        assert.equal(
          `sha256:${await podman('pull', '--quiet', '--tls-verify=false', name)}`,
          image.config.digest,
        )
        await sameEverywhere(replicas, 'clients/podman', 'v1')
        uploads.push(...(await spreadOf(replicas, 'clients/podman')).values())
        wereAsked(replicas, 'clients/podman', /libpod|podman|containers/)
      })

    if (isFull || kind === 'haproxy')
      await t.test('Docker', async (sub) => {
        if (!requireProgram(sub, ...dockerPrograms)) return
        const { docker } = await startDocker(sub)
        const image = await layout.addImage({ ...spec, seed: `${kind} docker`, compression: 'none' })
        const name = `${front.host}/clients/docker:v1`
        layout.nameForDocker({ [name]: image })
        const archive = join(folder, 'docker.tar')
        await run('tar', ['-cf', archive, '-C', layout.folder, 'manifest.json', 'blobs'])
        await docker(['load', '--quiet', '--input', archive])
        await docker(['push', name])
        await docker(['rmi', '--force', image.config.digest])
        await docker(['pull', name])
        assert.equal(await docker(['inspect', '--format', '{{.Id}}', name]), image.config.digest)
        await sameEverywhere(replicas, 'clients/docker', 'v1')
        uploads.push(...(await spreadOf(replicas, 'clients/docker')).values())
        wereAsked(replicas, 'clients/docker', /docker\//)
      })

    if (isFull || kind === 'nginx')
      await t.test('containerd', async (sub) => {
        if (!requireProgram(sub, 'containerd', 'ctr')) return
        const image = await layout.addImage({ ...spec, seed: `${kind} containerd` })
        const own = new ImageLayout(join(folder, 'containerd-layout'))
        const same = await own.addImage({ ...spec, seed: `${kind} containerd` })
        assert.equal(same.digest, image.digest)
        own.tag('v1', same)
        const archive = join(folder, 'containerd.tar')
        await run('tar', ['-cf', archive, '-C', own.folder, 'oci-layout', 'index.json', 'blobs'])
        const place = join(folder, 'containerd')
        mkdirSync(place)
        const containerd = await startContainerdDaemon(place, sub)
        const name = `${front.host}/clients/containerd`
        await containerd.ctr('images', 'import', '--no-unpack', '--base-name', name, archive)
        await containerd.ctr('images', 'push', '--plain-http', `${name}:v1`)
        await containerd.ctr('images', 'remove', '--sync', `${name}:v1`)
        await containerd.ctr('content', 'fetch', '--plain-http', `${name}:v1`)
        await sameEverywhere(replicas, 'clients/containerd', 'v1', image.digest)
        uploads.push(...(await spreadOf(replicas, 'clients/containerd')).values())
        wereAsked(replicas, 'clients/containerd', /containerd/)
      })

    await t.test('and the requests of an upload were answered by several', () => {
      // That which began it is not among them.
      const several = uploads.filter((answeredBy) => answeredBy.length > 1)
      const spread = several.filter((answeredBy) => new Set(answeredBy).size > 1)
      const least = kind === 'haproxy' ? several.length : several.length / 4
      assert.ok(spread.length > 2 && spread.length >= least, JSON.stringify(uploads))
    })
  })
}

/** The whole image, byte for byte, at each of them. */
async function sameEverywhere(
  replicas: readonly Replica[],
  repository: string,
  tag: string,
  digest?: string,
): Promise<void> {
  const images = []
  for (const { url } of replicas) images.push(await readImage(url, repository, tag))
  for (const image of images) assert.equal(image.digest, digest ?? images[0]?.digest)
}

/** All replicas were asked by this client, and none failed. */
function wereAsked(replicas: readonly Replica[], repository: string, agent: RegExp): void {
  for (const replica of replicas) {
    const theirs = replica
      .requests()
      .filter((request) => request.path.startsWith(`/v2/${repository}/`) && agent.test(request.agent))
    assert.ok(theirs.length > 0, `${replica.host} was not asked by ${String(agent)}`)
    assert.ok(theirs.every(({ status }) => status < 500))
  }
}
