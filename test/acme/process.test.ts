import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import type { Cleaner } from '../support/at-exit.ts'
import type { BackgroundProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { repositoryRoot, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { freePorts, startPebble, type Pebble, type PebbleOptions } from './pebble.ts'
import { startServer } from './server.ts'
import { visit } from './site.ts'

const host = 'registry.example.com'
const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

interface World {
  readonly pebble: Pebble
  readonly root: string
  readonly port: number
  readonly metrics: string
  readonly cache: string
  readonly start: () => Promise<BackgroundProcess>
}

/** Berth, as users run it. */
async function startWorld(
  t: Cleaner,
  pebbleOptions: PebbleOptions = {},
  http01Port?: number,
): Promise<World> {
  const [port = 0, debugPort = 0] = await freePorts(2)
  const pebble = await startPebble({ tlsPort: port, ...pebbleOptions }, t)
  const folder = temporaryFolder(t).path
  const cache = join(folder, 'letsencrypt')
  const letsencrypt = {
    cachefile: cache,
    email: 'operator@example.com',
    hosts: [host],
    directoryurl: pebble.directoryUrl,
    ...(http01Port !== undefined && { http01addr: `127.0.0.1:${http01Port}` }),
  }
  const config = {
    version: 0.1,
    log: { level: 'debug' },
    storage: { filesystem: { rootdirectory: join(folder, 'root') } },
    http: {
      addr: `127.0.0.1:${port}`,
      tls: { letsencrypt },
      debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true } },
    },
  }
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config))
  return {
    pebble,
    root: await pebble.root(),
    port,
    metrics: `http://127.0.0.1:${debugPort}/metrics`,
    cache,
    start: async () => {
      const daemon = await startServer(process.execPath, [main, 'serve', join(folder, 'config.yml')], port, {
        NODE_EXTRA_CA_CERTS: pebble.caFile,
      })
      let isStopped = false
      t.after(async () => {
        if (!isStopped) await daemon.stop()
      })
      return { ...daemon, stop: (signal) => ((isStopped = true), daemon.stop(signal)) }
    },
  }
}

/** Asks on a connection that stays. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

describe('a registry with http.tls.letsencrypt', () => {
  it('orders a certificate on the first need, and has it after a restart', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, port, metrics, cache, start } = await startWorld(t)
    const first = await start()
    const { serial, expires } = await visit(port, host, root)
    assert.equal((await visit(port, undefined, root)).serial, serial)
    await assert.rejects(visit(port, 'other.example.com', root))
    const text = (await http('GET', metrics)).body.toString()
    const ends = text.split('\n').find((line) => line.includes(`host="${host}"`))
    assert.equal(Number(ends?.split(' ').at(-1)) * 1000, expires)
    while (!first.output().includes('certificate issued')) await sleep(10)
    const log = first.output()
    assert.match(log, /level=info msg="ordering a certificate" host=registry\.example\.com/)
    assert.match(log, /level=info msg="certificate issued" expires="2\d{3}-.*" host=registry\.example\.com/)
    assert.deepEqual(await first.stop(), { code: 0, signal: undefined })
    assert.ok(!log.includes('PRIVATE KEY'))
    assert.deepEqual((await readdir(cache)).toSorted(), ['acme_account+key', host])

    await start()
    assert.equal((await visit(port, undefined, root)).serial, serial)
    assert.equal((await visit(port, host, root)).serial, serial)
    assert.equal(pebble.orders(), 1)
  })

  it('renews it without the loss of a connection', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { root, port, start } = await startWorld(t, { validitySeconds: 12 })
    await start()
    const first = await visit(port, host, root)
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: host,
      ca: root,
      ALPNProtocols: ['http/1.1'],
    })
    await once(socket, 'secureConnect')
    for (;;) {
      assert.match(await ask(socket), /^HTTP\/1.1 200 /)
      const { serial } = await visit(port, host, root)
      if (serial !== first.serial) break
      assert.ok(Date.now() < first.expires)
      await sleep(200)
    }
    assert.match(await ask(socket), /^HTTP\/1.1 200 /)
    socket.destroy()
  })

  it('answers http-01 challenges on its plain listener', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const [httpPort = 0, nobody] = await freePorts(2)
    const { root, port, start } = await startWorld(t, { tlsPort: nobody ?? 0, httpPort }, httpPort)
    await start()
    await visit(port, host, root)
  })

  it('does not start without a place for its certificates', async (t) => {
    const folder = temporaryFolder(t).path
    await writeFile(join(folder, 'cache'), 'something else')
    const tls = { letsencrypt: { cachefile: join(folder, 'cache'), hosts: [host] } }
    const storage = { filesystem: { rootdirectory: join(folder, 'root') } }
    const config = join(folder, 'config.yml')
    await writeFile(config, JSON.stringify({ version: 0.1, storage, http: { addr: '127.0.0.1:0', tls } }))
    const { code, stderr } = await run(process.execPath, [main, 'serve', config], { mayFail: true })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^.*http\.tls\.letsencrypt\.cachefile: .*cache: the file is no cache of Let's Encrypt.*\n$/,
    )
  })
})
