import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Cleaner } from '../support/at-exit.ts'
import type { BackgroundProcess } from '../support/background-process.ts'
import { programPath, requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { freePorts, startPebble, type Pebble } from './pebble.ts'
import { startServer } from './server.ts'
import { startSite, visit, type Site } from './site.ts'

const host = 'registry.example.com'

interface World {
  readonly pebble: Pebble
  readonly root: string
  readonly port: number
  readonly distribution: () => Promise<BackgroundProcess>
  readonly site: () => Promise<Site>
}

/** Distribution 3 and ours, on the same port and cache, one at a time. */
async function startWorld(t: Cleaner): Promise<World> {
  const [port = 0] = await freePorts(1)
  const pebble = await startPebble({ tlsPort: port }, t)
  const folder = temporaryFolder(t).path
  const cache = join(folder, 'cache')
  const config = join(folder, 'config.yml')
  const { directoryUrl } = pebble
  const letsencrypt = { cachefile: cache, hosts: [host, 'other.example.com'], directoryurl: directoryUrl }
  const storage = { filesystem: { rootdirectory: join(folder, 'root') } }
  await writeFile(
    config,
    JSON.stringify({ version: 0.1, storage, http: { addr: `127.0.0.1:${port}`, tls: { letsencrypt } } }),
  )
  return {
    pebble,
    root: await pebble.root(),
    port,
    distribution: () =>
      startServer(programPath('distribution3'), ['serve', config], port, {
        SSL_CERT_FILE: pebble.caFile,
        OTEL_TRACES_EXPORTER: 'none',
      }),
    site: () => startSite({ cache, hosts: letsencrypt.hosts, directoryUrl, ca: pebble.ca, port }, t),
  }
}

describe('the cache of Distribution 3', () => {
  it('is read, account and certificates', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv', 'distribution3')) return
    const { pebble, root, port, distribution, site } = await startWorld(t)
    const before = await distribution()
    const { serial } = await visit(port, host, root)
    await before.stop('SIGKILL')

    await site()
    assert.equal((await visit(port, host, root)).serial, serial)
    assert.equal(pebble.orders(), 1)
    await visit(port, 'other.example.com', root)
    assert.equal(pebble.orders(), 2)
    assert.ok(pebble.output().includes('There are now 1 accounts'))
    assert.ok(!pebble.output().includes('There are now 2 accounts'))
  })

  it('is written', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv', 'distribution3')) return
    const { pebble, root, port, distribution, site } = await startWorld(t)
    const ours = await site()
    const { serial } = await visit(port, host, root)
    await ours.stop()
    const after = await distribution()
    assert.equal((await visit(port, host, root)).serial, serial)
    assert.equal(pebble.orders(), 1)
    await visit(port, 'other.example.com', root)
    assert.ok(!pebble.output().includes('There are now 2 accounts'))
    await after.stop('SIGKILL')
  })
})
