import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { freePorts, startPebble } from '../acme/pebble.ts'
import { visit } from '../acme/site.ts'
import { http } from '../support/http.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startSeveral, until } from './several.ts'
import { reusedSessions } from './tls-sessions.ts'

const hosts = ['one.example.com', 'other.example.com', 'third.example.com']

void test('one worker orders certificates, whoever is asked for them and whoever is called by the authority', async (t) => {
  if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
  const [port = 0] = await freePorts(1)
  const pebble = await startPebble({ tlsPort: port }, t)
  const root = await pebble.root()
  const cache = join(temporaryFolder(t).path, 'letsencrypt')
  const letsencrypt = { cachefile: cache, hosts, directoryurl: pebble.directoryUrl }
  const registry = await startSeveral(t, {
    workers: 3,
    config: { http: { addr: `127.0.0.1:${port}`, tls: { letsencrypt } } },
    env: { NODE_EXTRA_CA_CERTS: pebble.caFile },
    isReady: async () => (await visit(port, hosts[0] ?? '', root), true),
  })
  await registry.whole(3)
  for (const host of hosts) {
    const seen = await Promise.all(Array.from({ length: 9 }, () => visit(port, host, root)))
    assert.equal(new Set(seen.map(({ serial }) => serial)).size, 1)
  }
  assert.equal(pebble.orders(), hosts.length)
  assert.deepEqual((await readdir(cache)).toSorted(), ['acme_account+key', ...hosts].toSorted())
  const ordering = registry.daemon.output().match(/ordering a certificate.* worker=\d/g) ?? []
  assert.equal(new Set(ordering.map((line) => line.at(-1))).size, 1)

  const visitor = { port, ca: root, name: hosts[0] ?? '' }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.deepEqual(await reusedSessions(t, { ...visitor, version }), [true, true, true], version)

  // When the one that orders is gone, another one does.
  const lead = Number(/worker=(\d)$/.exec(ordering[0] ?? '')?.[1])
  assert.ok(lead > 0)
  const before = registry.workers()
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await until(() => registry.workers().every((pid) => !before.includes(pid)))
  await visit(port, hosts[1] ?? '', root)
  assert.equal(pebble.orders(), hosts.length, 'what is in the cache is not ordered again')
})

void test('a challenge over http is answered by any worker', async (t) => {
  if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
  const [port = 0, httpPort = 0] = await freePorts(2)
  const pebble = await startPebble({ httpPort }, t)
  const root = await pebble.root()
  const letsencrypt = {
    cachefile: join(temporaryFolder(t).path, 'letsencrypt'),
    hosts,
    directoryurl: pebble.directoryUrl,
    http01addr: `127.0.0.1:${httpPort}`,
  }
  const registry = await startSeveral(t, {
    config: { http: { addr: `127.0.0.1:${port}`, tls: { letsencrypt } } },
    env: { NODE_EXTRA_CA_CERTS: pebble.caFile },
    isReady: async () => (await visit(port, hosts[0] ?? '', root), true),
  })
  await registry.whole(2)
  // The authority asks on connections of its own, which go to the workers in turn.
  for (const host of hosts) await visit(port, host, root)
  // Of the others nobody makes certificates: they are sent to where they are.
  const { status, headers } = await http('GET', `http://127.0.0.1:${httpPort}/v2/`)
  assert.deepEqual([status, headers.location?.startsWith('https://')], [308, true])
  for (const pid of registry.workers()) process.kill(pid, 'SIGKILL')
  // One that a worker took with it says nothing for ever: authorities try again.
  const again = `http://127.0.0.1:${httpPort}/v2/`
  await until(async () => (await http('GET', again, { silenceMs: 1_000 })).status === 308)
})
