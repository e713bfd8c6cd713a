import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleaner } from '../support/at-exit.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { freePorts } from './pebble.ts'
import { startSite, visit } from './site.ts'
import { host, startWorld } from './world.ts'

const backOff = { first: 500, factor: 1, longest: 500 }

describe('an authority that issues nothing', () => {
  it('is left alone for a while, and then asked again', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site } = await startWorld(t, { backOff })
    await pebble.stop()
    await assert.rejects(visit(site.port, host, root))
    await assert.rejects(visit(site.port, host, root))
    const [ordering, failure, ...others] = site.lines
    assert.equal(ordering?.message, 'ordering a certificate')
    assert.equal(failure?.message, 'no certificate issued')
    assert.equal(failure?.['host'], host)
    assert.equal(failure?.['problem'], 'ECONNREFUSED')
    assert.match(String(failure?.['detail']), /127\.0\.0\.1/)
    const nextAttempt = String(failure?.['nextAttempt'])
    assert.ok(Date.parse(nextAttempt) > Date.now())
    assert.deepEqual(others, [])
    assert.deepEqual(site.refusals, [
      `the order for ${host} failed`,
      `the last order for ${host} failed; the next one is tried at ${nextAttempt}`,
    ])
    await pebble.start()
    await sleep(600)
    await visit(site.port, host, await pebble.root())
  })

  it('says why it does not believe', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const [nobody] = await freePorts(1)
    const { root, site } = await startWorld(t, {}, { tlsPort: nobody ?? 0 })
    await assert.rejects(visit(site.port, host, root))
    const [, failure] = site.lines
    // Let's Encrypt has a type of its own for this, but pebble does not know it.
    assert.equal(failure?.['problem'], 'urn:ietf:params:acme:error:unauthorized')
    assert.match(
      String(failure?.['detail']),
      /^Failed to connect to 127.0.0.1:\d+ for the tls-alpn-01 challenge$/,
    )
    const wait = Date.parse(String(failure?.['nextAttempt'])) - Date.now()
    assert.ok(wait > 50_000 && wait < 70_000, 'a minute or so')
  })

  it('says so of every challenge', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const [httpPort = 0, noTls = 0, noHttp = 0] = await freePorts(3)
    const { root, site } = await startWorld(t, { httpPort }, { tlsPort: noTls, httpPort: noHttp })
    await assert.rejects(visit(site.port, host, root))
    assert.match(
      String(site.lines[1]?.['detail']),
      /^tls-alpn-01: Failed to connect .*; http-01: .*connection refused/,
    )
    assert.match(String(site.lines[1]?.['problem']), /^urn:ietf:params:acme:error:/)
  })

  it('says when to come again', async (t) => {
    const detail = 'too many certificates already issued'
    const authority = createHttpServer((_request, response) => {
      response.writeHead(429, { 'Content-Type': 'application/problem+json', 'Retry-After': '7200' })
      response.end(JSON.stringify({ type: 'urn:ietf:params:acme:error:rateLimited', detail }))
    })
    const directoryUrl = `http://127.0.0.1:${await listen(authority, t)}/directory`
    const site = await startSite({ cache: cacheOf(t), hosts: [host], directoryUrl }, t)
    await assert.rejects(visit(site.port, host, ''))
    const [, failure] = site.lines
    assert.equal(failure?.['problem'], 'urn:ietf:params:acme:error:rateLimited')
    assert.equal(failure?.['detail'], detail)
    const wait = Date.parse(String(failure?.['nextAttempt'])) - Date.now()
    assert.ok(wait > 7_100_000 && wait <= 7_200_000, `${wait} ms`)
  })
})

describe('an authority that never answers', () => {
  it('does not keep the process from ending', async (t) => {
    const authority = createServer()
    await endWhileAsking(t, authority, `http://127.0.0.1:${await listen(authority, t)}/directory`)
  })

  it('does not keep the process from ending, behind a proxy', async (t) => {
    const proxy = createServer((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')),
    )
    process.env['HTTPS_PROXY'] = `http://127.0.0.1:${await listen(proxy, t)}`
    try {
      await endWhileAsking(t, proxy, 'https://acme.example.com/directory')
    } finally {
      delete process.env['HTTPS_PROXY']
    }
  })

  it('is not asked for more than five new hosts at once where any may be asked for', async (t) => {
    const directoryUrl = `http://127.0.0.1:${await listen(createServer(), t)}/directory`
    const site = await startSite({ cache: cacheOf(t), hosts: [], directoryUrl }, t)
    const { certificates } = site
    const first = Array.from({ length: 5 }, (_, index) =>
      certificates.secureContext(`host${index}.example.com`),
    )
    for (const asked of first) asked.catch(() => {})
    await assert.rejects(certificates.secureContext('host5.example.com'), /one new host too many/)
    // Those who ask for the same host wait for it.
    const same = certificates.secureContext('host0.example.com')
    await site.stop()
    for (const asked of [...first, same]) await assert.rejects(asked, { message: 'this process is ending' })
  })
})

/** @param silent what the authority, or a proxy before it, is */
async function endWhileAsking(t: TestContext, silent: Server, directoryUrl: string): Promise<void> {
  const site = await startSite({ cache: cacheOf(t), hosts: [host], directoryUrl }, t)
  const asked = once(silent, 'connection')
  const visited = assert.rejects(visit(site.port, host, ''))
  const [connection] = (await asked) as [Socket]
  const closed = once(connection.resume(), 'close')
  const begin = Date.now()
  await site.stop()
  // What was asked would keep the process alive.
  await closed
  assert.ok(Date.now() - begin < 5000)
  await visited
  await assert.rejects(site.certificates.secureContext(host), { message: 'this process is ending' })
}

function cacheOf(test: Cleaner): string {
  return join(temporaryFolder(test).path, 'cache')
}

async function listen(server: Server, test: Cleaner): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.close()
  })
  server.unref()
  return (server.address() as AddressInfo).port
}
