import assert from 'node:assert/strict'
import { hash } from 'bcrypt'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { accepted, type Client } from '../support/auth-client.ts'
import { containerdPrograms, startContainerd } from '../support/auth-containerd.ts'
import { startDockerClient } from '../support/auth-docker.ts'
import { skopeoClient, storageClient } from '../support/auth-tools.ts'
import { dockerPrograms } from '../support/docker-daemon.ts'
import { ImageLayout } from '../support/images.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startBucket } from './setting.ts'

type Make = (layout: ImageLayout, tag: string, t: TestContext) => Client | Promise<Client>

const clients: readonly {
  readonly make: Make
  readonly programs: readonly string[]
  readonly full?: true
}[] = [
  { make: skopeoClient, programs: ['skopeo'] },
  { make: startContainerd, programs: containerdPrograms },
  {
    make: (layout, tag, t) => storageClient('podman', layout, tag, t),
    programs: ['podman', 'runc'],
    full: true,
  },
  { make: (_layout, _tag, t) => startDockerClient(t), programs: dockerPrograms, full: true },
]

/** Status and bytes of the answers to GET of blobs, from the access log. */
function blobAnswers(log: string): readonly (readonly [status: number, bytes: number])[] {
  return [...log.matchAll(/"GET \/v2\/team\/\w+\/blobs\/sha256:\w+ HTTP\/1\.1" (\d+) (\d+)/g)].map(
    ([, status, bytes]) => [Number(status), Number(bytes)] as const,
  )
}

void test('clients that log in follow to the store, and do not tell it their password', async (t) => {
  if (!requireProgram(t, 'versitygw')) return
  /** What those who came with a signed URL said besides. */
  const followed: (string | undefined)[] = []
  const { storage } = await startBucket(t, ({ url = '', headers }) => {
    if (url.includes('X-Amz-Signature=')) followed.push(headers.authorization)
  })
  const folder = temporaryFolder(t).path
  const file = join(folder, 'htpasswd')
  const who = { user: 'me', password: 'pass word' }
  writeFileSync(file, `${who.user}:${await hash(who.password, 4)}\n`)
  const config = { storage, auth: { htpasswd: { realm: 'r', path: file } } }
  const layout = new ImageLayout(join(folder, 'layout'))
  layout.tag('one', await layout.addImage({ seed: 'redirects', layers: [1_000, 300_000] }))

  for (const { make, programs, full } of clients) {
    if (full === true && process.env['BERTH_FULL'] === undefined) continue
    await t.test(programs[0] ?? '', async (t2) => {
      if (!requireProgram(t2, ...programs) || !requireRoot(t2)) return
      const registry = await startRegistry({ kind: 'berth', config }, t2)
      const client = await make(layout, 'one', t2)
      const name = `${registry.host}/team/${client.name}:v1`
      accepted(await client.login(registry.host, who))
      accepted(await client.push(name))
      accepted(await client.pull(name))
      // The last lines of the access log are held back for a moment.
      await registry.stop()
      const answers = blobAnswers(registry.output()).filter(([status]) => status !== 401)
      assert.ok(answers.length >= 3, `${answers.length} blobs`)
      for (const answer of answers) assert.deepEqual(answer, [307, 0])
      const seen = followed.splice(0)
      assert.ok(seen.length >= answers.length)
      for (const authorization of seen) assert.equal(authorization, undefined)
    })
  }
})
