import assert from 'node:assert/strict'
import { renameSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { clientOfEach, startSeveral, until } from './several.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'
const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] })

function site(name: string): { readonly headers: object } {
  return { headers: { 'X-Site': [name] } }
}

void test('a reload', async (t) => {
  const registry = await startSeveral(t)
  const clients = await clientOfEach(t, registry)
  const sites = async (): Promise<unknown[]> =>
    await Promise.all(clients.map(async (ask) => (await ask('GET', '/v2/')).headers['x-site']))

  await t.test('reaches all', async () => {
    registry.write({ http: site('a'), workers: 3 })
    assert.match(await registry.hangUp(), /configuration reloaded.* needs\.restart=workers/)
    assert.deepEqual(await sites(), ['a', 'a'])
  })

  await t.test('reaches none when the file is wrong', async () => {
    registry.write({ http: { ...site('b'), prefix: 'no-slash' } })
    const refused = await http('POST', `${registry.debug}/debug/reload`)
    assert.equal(refused.status, 422)
    assert.match(refused.body.toString(), /http\.prefix/)
    assert.deepEqual(await sites(), ['a', 'a'])
  })

  await t.test('reaches none when one of them cannot', async (sub) => {
    if (!requireProgram(sub, 'prlimit')) return
    const [first = 0, second = 0] = registry.workers()
    const limit = async (files: number): Promise<void> => {
      await run('prlimit', ['--pid', String(second), `--nofile=${files}:`])
    }
    const audit = join(registry.folder, 'audit.log')
    registry.write({ http: site('c'), audit: { file: audit } })
    await limit(1)
    assert.match(
      await registry.hangUp(),
      /level=error.*not reloaded.*reason="worker [12]: audit\.file: .*too many open files/,
    )
    assert.deepEqual(await sites(), ['a', 'a'])
    // Who could lets go of it. It is told so after the reload has been answered.
    await until(async () => !/audit\.log/.test((await run('ls', ['-l', `/proc/${first}/fd`])).stdout))
    await limit(4096)
    assert.match(await registry.hangUp(), /configuration reloaded/)
    assert.deepEqual(await sites(), ['c', 'c'])
    await sub.test('and the audit log is written by all, whole, also after it was renamed', async () => {
      renameSync(audit, `${audit}.1`)
      assert.match(await registry.hangUp(), /configuration reloaded/)
      await until(() => existsSync(audit))
      for (const ask of clients)
        for (let count = 0; count < 20; count++) {
          const put = await ask('PUT', '/v2/r/manifests/t', {
            body: index,
            headers: { 'Content-Type': indexType },
          })
          assert.equal(put.status, 201)
        }
      await until(() => existsSync(audit) && readFileSync(audit, 'utf8').split('\n').length > 40)
      for (const line of readFileSync(audit, 'utf8').trimEnd().split('\n')) JSON.parse(line)
    })
  })

  await t.test('does not part those that start later from the others', async () => {
    registry.write({
      http: { ...site('c'), addr: '127.0.0.1:1' },
      storage: { filesystem: { rootdirectory: join(registry.folder, 'elsewhere') } },
    })
    assert.match(await registry.hangUp(), /reloaded.*needs\.restart="storage\.filesystem, http\.addr/)
    const put = await http('PUT', `${registry.url}/v2/r/manifests/kept`, {
      body: index,
      headers: { 'Content-Type': indexType },
    })
    assert.equal(put.status, 201)
    const before = registry.workers()
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await until(
      () => registry.workers().length === 2 && registry.workers().every((pid) => !before.includes(pid)),
    )
    assert.equal((await http('GET', `${registry.url}/v2/r/manifests/kept`)).status, 200)
  })

  await t.test('counts for those that start later, and the file as it is by then does not', async () => {
    registry.write({ http: { ...site('d'), addr: 'nonsense' } })
    const before = registry.workers()
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await until(
      () => registry.workers().length === 2 && registry.workers().every((pid) => !before.includes(pid)),
    )
    await registry.whole(2)
    const answers = await Promise.all([1, 2, 3, 4].map(() => http('GET', `${registry.url}/v2/`)))
    assert.deepEqual(
      answers.map(({ headers }) => headers['x-site']),
      ['c', 'c', 'c', 'c'],
    )
  })
})
