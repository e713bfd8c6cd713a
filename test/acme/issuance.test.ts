import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { freePorts } from './pebble.ts'
import { visit } from './site.ts'
import { host, startWorld } from './world.ts'

describe('certificates of a real authority', () => {
  it('come when the first client asks for a host, and serve all others', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site, cache } = await startWorld(t, { email: 'operator@example.com' })
    assert.deepEqual(site.certificates.certificates(), [])
    const first = await visit(site.port, host, root)
    assert.match(first.answer, /^HTTP\/1.1 200 .*served/s)
    assert.equal(first.names, `DNS:${host}`)
    assert.equal(first.keyType, 'ec')
    // Letter case is nothing to a name.
    assert.equal((await visit(site.port, host.toUpperCase(), root)).serial, first.serial)
    assert.equal(pebble.orders(), 1)

    const lines = site.lines.map(({ level, message, host: name }) => [level, message, name])
    assert.deepEqual(lines, [
      ['info', 'ordering a certificate', host],
      ['info', 'certificate issued', host],
    ])
    assert.equal(site.lines[1]?.['expires'], new Date(first.expires).toISOString())
    assert.deepEqual(site.certificates.certificates(), [{ host, expires: new Date(first.expires) }])
    assert.deepEqual((await readdir(cache)).toSorted(), ['acme_account+key', host])
    assert.equal((await stat(cache)).mode & 0o777, 0o700)
    for (const name of await readdir(cache))
      assert.equal((await stat(join(cache, name))).mode & 0o777, 0o600, name)
    const secrets = (await readFile(join(cache, host), 'utf8')).match(/[A-Za-z0-9+/]{40,}/g) ?? []
    assert.ok(secrets.length > 10)
    for (const secret of secrets) assert.ok(!JSON.stringify(site.lines).includes(secret))
  })

  it('come by one order for ten clients at once, and by one order after another for several hosts', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const hosts = [host, 'other.example.com']
    const { pebble, root, site } = await startWorld(t, { hosts })
    const visits = await Promise.all(
      Array.from({ length: 10 }, (_, index) => visit(site.port, hosts[index % 2], root)),
    )
    assert.equal(new Set(visits.map(({ serial }) => serial)).size, 2)
    assert.equal(pebble.orders(), 2)
    assert.deepEqual(
      site.lines.map(({ message, host: name }) => [message, name]),
      hosts.flatMap((name) => [
        ['ordering a certificate', name],
        ['certificate issued', name],
      ]),
    )
  })

  it('come from one that rejects every fifth nonce', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const hosts = Array.from({ length: 5 }, (_, index) => `host${index}.example.com`)
    const { pebble, root, site } = await startWorld(t, { hosts }, { rejectedNonces: 20 })
    for (const name of hosts) await visit(site.port, name, root)
    // It has told us to send something again.
    assert.ok(/(POST \S+) .*\n.*\1 /.test(pebble.output()))
  })

  it('come by http-01 where tls-alpn-01 fails, and next time at once', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const [httpPort = 0, nobody] = await freePorts(2)
    const hosts = [host, 'other.example.com']
    const { pebble, root, site } = await startWorld(
      t,
      { hosts, httpPort },
      { tlsPort: nobody ?? 0, httpPort },
    )
    await visit(site.port, host, root)
    assert.equal(pebble.orders(), 2)
    await visit(site.port, 'other.example.com', root)
    assert.equal(pebble.orders(), 3)
  })

  it('come for any DNS name where no hosts are listed, and for nothing else', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site } = await startWorld(t, { hosts: [] })
    await visit(site.port, 'a.example.com', root)
    await visit(site.port, 'b.example.com', root)
    for (const name of ['localhost', 'a..example.com', 'a_b.example.com', '10.0.0.1.'])
      await assert.rejects(visit(site.port, name, root), name)
    await assert.rejects(visit(site.port, undefined, root))
    assert.equal(pebble.orders(), 2)
  })

  it('come for no host but those that are listed', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site } = await startWorld(t, { hosts: [host, 'bücher.example.com'] })
    await assert.rejects(visit(site.port, 'other.example.com', root))
    assert.deepEqual(site.refusals, ['other.example.com is not listed in http.tls.letsencrypt.hosts'])
    assert.equal(pebble.orders(), 0)
    const { names } = await visit(site.port, 'xn--bcher-kva.example.com', root)
    assert.equal(names, 'DNS:xn--bcher-kva.example.com')
  })

  it('are those of the first host for clients that send no name', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { root, site, another } = await startWorld(t)
    await assert.rejects(visit(site.port, undefined, root))
    const { serial } = await visit(site.port, host, root)
    assert.equal((await visit(site.port, undefined, root)).serial, serial)
    await site.stop()
    assert.equal((await visit((await another()).port, undefined, root)).serial, serial)
  })
})

describe('a process that shares its cache', () => {
  it('serves what is there after a restart, without the authority', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site, another } = await startWorld(t)
    const { serial } = await visit(site.port, host, root)
    await site.stop()
    await pebble.stop()
    const restarted = await another()
    assert.equal(restarted.certificates.certificates().length, 1)
    assert.equal((await visit(restarted.port, host, root)).serial, serial)
    assert.deepEqual(restarted.lines, [])
  })

  it('serves what is there after a restart, from a file as well', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const file = join(temporaryFolder(t).path, 'cache')
    await writeFile(file, '')
    const { pebble, root, site, another } = await startWorld(t, { cache: file })
    const { serial } = await visit(site.port, host, root)
    await site.stop()
    const restarted = await another()
    assert.equal((await visit(restarted.port, host, root)).serial, serial)
    assert.equal(pebble.orders(), 1)
    assert.deepEqual(Object.keys(JSON.parse(await readFile(file, 'utf8')) as object), ['Key', 'Certs'])
  })

  it('takes what another one got meanwhile', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site, another } = await startWorld(t)
    const replica = await another({ port: 0 })
    const { serial } = await visit(site.port, host, root)
    assert.equal((await visit(replica.port, host, root)).serial, serial)
    assert.equal(pebble.orders(), 1)
  })

  it('answers tls-alpn-01 challenges of another one', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    // The authority calls the first one, which has ordered nothing.
    const { pebble, root, cache, another } = await startWorld(t)
    const replica = await another({ port: 0 })
    await visit(replica.port, host, root)
    assert.equal(pebble.orders(), 1)
    assert.deepEqual((await readdir(cache)).toSorted(), ['acme_account+key', host])
  })

  it('answers http-01 challenges of another one', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const [httpPort = 0, otherHttpPort = 0, nobody] = await freePorts(3)
    const ports = { httpPort, tlsPort: nobody ?? 0 }
    const { pebble, root, cache, another } = await startWorld(t, { httpPort }, ports)
    const replica = await another({ port: 0, httpPort: otherHttpPort })
    await visit(replica.port, host, root)
    assert.equal(pebble.orders(), 2)
    assert.deepEqual((await readdir(cache)).toSorted(), ['acme_account+key', host])
  })
})
