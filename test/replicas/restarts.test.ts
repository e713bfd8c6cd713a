import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { frontKinds, type FrontKind, type FrontOptions } from '../fronts/front.ts'
import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'
import { ImageLayout, mediaTypes } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { sharedFolder, startBalancer, startReplicas } from '../support/replicas.ts'
import { requireProgram } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobOf, manifestOf, pathOf } from './client.ts'

/** How long a balancer takes to notice, shortened alike in it and in the replicas: the proportions are those that are shipped. */
const quick: Readonly<Record<FrontKind, FrontOptions['edits']>> = {
  nginx: { 'replicas.conf': [['fail_timeout=5s', 'fail_timeout=1s']] },
  haproxy: {
    'replicas.cfg': [['inter 2s fastinter 500ms downinter 1s', 'inter 200ms fastinter 50ms downinter 100ms']],
  },
}

const isFull = process.env['BERTH_FULL'] !== undefined

for (const kind of frontKinds) {
  void test(`replicas that end, behind ${kind}`, async (t) => {
    if (!requireProgram(t, kind)) return
    const store = sharedFolder(t)

    await t.test('restarted one after the other under load: no request fails', async (sub) => {
      const config = { http: { draindelay: '700ms' } }
      const replicas = await startReplicas(store, [{ config }, { config }, { config }], sub)
      const front = await startBalancer(kind, replicas, sub, quick[kind])
      const done = new AbortController()
      let requests = 0
      const failures: string[] = []
      const call = async (
        method: string,
        path: string,
        status: number,
        options: HttpOptions,
      ): Promise<HttpResponse> => {
        requests += 1
        const answer = await http(method, front.origin + path, options)
        if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status}`)
        return answer
      }
      const client = async (name: string, agent: Agent | undefined, size: number): Promise<void> => {
        const keep = agent === undefined ? {} : { agent }
        for (let round = 0; !done.signal.aborted; round++) {
          const blob = blobOf(seededBytes(`${kind} ${name} ${round}`, size))
          const headers = { 'Content-Type': 'application/octet-stream' }
          const begun = await call('POST', `/v2/load/${name}/blobs/uploads/`, 202, { ...keep, body: '' })
          const patched = await call('PATCH', pathOf(begun), 202, { ...keep, headers, body: blob.content })
          await call('PUT', `${pathOf(patched)}?digest=${blob.digest}`, 201, { ...keep, headers, body: '' })
          const manifest = manifestOf(blob, [])
          await call('PUT', `/v2/load/${name}/manifests/v${round}`, 201, {
            ...keep,
            headers: { 'Content-Type': mediaTypes.ociManifest },
            body: manifest.content,
          })
          const back = await call('GET', `/v2/load/${name}/blobs/${blob.digest}`, 200, keep)
          assert.equal(blobOf(back.body).digest, blob.digest)
          await call('HEAD', `/v2/load/${name}/manifests/v${round}`, 200, keep)
        }
      }
      const agents = Array.from({ length: 3 }, () => new Agent({ keepAlive: true }))
      sub.after(() => agents.forEach((agent) => agent.destroy()))
      const clients = [
        client('kept', agents[0], 10_000),
        client('kept-large', agents[1], 3_000_000),
        client('kept-too', agents[2], 100),
        client('new', undefined, 10_000),
        client('new-large', undefined, 3_000_000),
      ].map((working) => working.catch((error: unknown) => failures.push(String(error))))
      for (let round = 0; round < (isFull ? 5 : 1); round++)
        for (const replica of isFull ? replicas : replicas.slice(0, 1)) {
          await delay(300)
          await replica.stop()
          await replica.startAgain()
          // Until the balancer asks it again.
          await delay(800)
        }
      done.abort()
      await Promise.all(clients)
      assert.deepEqual(failures, [], front.output().slice(-3000))
      assert.ok(requests > 100, `${requests}`)
      for (const replica of replicas) assert.ok(replica.requests().length > requests / 20, replica.output())
    })

    if (isFull || kind === 'nginx')
      await t.test('killed while images are pushed: the clients try again and are right', async (sub) => {
        if (!requireProgram(sub, 'skopeo')) return
        const replicas = await startReplicas(store, [{}, {}, {}], sub)
        const front = await startBalancer(kind, replicas, sub, quick[kind])
        const layout = new ImageLayout(join(temporaryFolder(sub).path, 'layout'))
        const names = Array.from({ length: isFull ? 8 : 3 }, (_, index) => `image${index}`)
        const images = []
        for (const name of names) {
          const image = await layout.addImage({
            seed: `${kind} ${name}`,
            layers: [8_000_000, 3_000_000, 500_000, 100],
          })
          layout.tag(name, image)
          images.push({ name, digest: image.digest })
        }
        const pushed = new AbortController()
        const pushes = Promise.all(
          images.map(({ name }) =>
            again('skopeo', [
              ...words('copy --dest-tls-verify=false'),
              `oci:${layout.folder}:${name}`,
              `docker://${front.host}/killed/${name}:v1`,
            ]),
          ),
        ).finally(() => pushed.abort())
        let kills = 0
        for (; !pushed.signal.aborted && kills < (isFull ? 30 : 6); kills++) {
          await delay(150)
          const replica = replicas[kills % replicas.length]
          await replica?.kill()
          await replica?.startAgain()
        }
        await pushes
        assert.ok(kills > 0)
        for (const { name, digest } of images)
          for (const { url } of replicas)
            assert.equal((await readImage(url, `killed/${name}`, 'v1')).digest, digest)
      })
  })
}

/** Runs a program until it succeeds, as whoever waits for a push does. Not every client tries again after 502 by itself. */
async function again(program: string, args: readonly string[]): Promise<void> {
  for (let attempt = 1; attempt < 15; attempt++)
    if ((await run(program, args, { mayFail: true })).code === 0) return
  await run(program, args)
}
