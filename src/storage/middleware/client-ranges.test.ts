import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../registry/context.ts'
import { createDriver } from '../create-driver.ts'
import { storagePath } from '../driver.ts'
import { ClientRanges, type ClientRangesOptions } from './client-ranges.ts'
import { amazonNetworks, googleNetworks } from './range-documents.ts'
import { withUrl } from './with-url.ts'

/** Of the form that Amazon's has. */
const amazon = {
  syncToken: '1',
  prefixes: [
    { ip_prefix: '192.0.2.0/24', region: 'us-east-1', service: 'S3' },
    { ip_prefix: '198.51.100.0/24', region: 'EU-west-1', service: 'EC2' },
    { ip_prefix: '9000', region: 'us-east-1' },
  ],
  ipv6_prefixes: [{ ipv6_prefix: '2001:db8::/32', region: 'us-east-1', service: 'EC2' }],
}

async function serve(test: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ranges?secret=a`
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 500, 'it does not become so')
    await delay(10)
  }
}

function start(
  test: TestContext,
  options: Pick<ClientRangesOptions, 'url'> & Partial<ClientRangesOptions>,
): { readonly ranges: ClientRanges; readonly warnings: readonly unknown[] } {
  const warnings: unknown[] = []
  const log: Log = {
    debug() {},
    info() {},
    error() {},
    warn: (fields, message) => warnings.push([message, fields]),
  }
  const ranges = new ClientRanges({ read: amazonNetworks(), every: 60_000, log, ...options })
  test.after(() => ranges.stop())
  ranges.start()
  return { ranges, warnings }
}

describe('the networks of a cloud', () => {
  it('are read from where it lists them', async (test) => {
    const url = await serve(test, (_, response) => response.end(JSON.stringify(amazon)))
    const { ranges } = start(test, { url })
    assert.ok(!ranges.has('192.0.2.1'), 'before anything is read')
    await until(() => ranges.has('192.0.2.1'))
    for (const address of ['198.51.100.9', '2001:db8:1::1', '::ffff:192.0.2.7'])
      assert.ok(ranges.has(address), address)
    for (const address of ['203.0.113.1', '2001:db9::', 'unknown', ''])
      assert.ok(!ranges.has(address), address)
  })

  it('are those of some regions alone, in any letter case', async (test) => {
    const url = await serve(test, (_, response) => response.end(JSON.stringify(amazon)))
    const { ranges } = start(test, { url, read: amazonNetworks(['eu-west-1']) })
    await until(() => ranges.has('198.51.100.1'))
    assert.ok(!ranges.has('192.0.2.1'))
    assert.ok(!ranges.has('2001:db8::1'))
  })

  it("are read in Google's form, too", async (test) => {
    const document = {
      prefixes: [{ ipv4Prefix: '192.0.2.0/24' }, { ipv6Prefix: '2001:db8::/32', scope: 'a' }],
    }
    const url = await serve(test, (_, response) => response.end(JSON.stringify(document)))
    const { ranges } = start(test, { url, read: googleNetworks })
    await until(() => ranges.has('192.0.2.1'))
    assert.ok(ranges.has('2001:db8::1'))
  })

  it('are read again, and stay when that fails', async (test) => {
    const answers = [
      JSON.stringify(amazon),
      '{"prefixes": []}',
      '{"prefixes": [{"ip_prefix": "203.0.113.0/24"}]}',
    ]
    let asked = 0
    const url = await serve(test, (_, response) => {
      if (asked === 1) response.statusCode = 500
      response.end(answers[Math.min(asked++, answers.length - 1)])
    })
    const { ranges, warnings } = start(test, { url, every: 300 })
    await until(() => warnings.length === 1)
    assert.ok(ranges.has('192.0.2.1'))
    await until(() => ranges.has('203.0.113.1'))
    assert.ok(!ranges.has('192.0.2.1'))
  })

  const bad: readonly (readonly [what: string, listener: RequestListener, reason: RegExp])[] = [
    [
      'an error',
      (_, response) => response.writeHead(503).end('{"prefixes":[{"ip_prefix":"0.0.0.0/0"}]}'),
      /^status 503$/,
    ],
    ['no JSON', (_, response) => response.end('<html>a secret'), /^not JSON$/],
    ['half of it', (_, response) => response.end(JSON.stringify(amazon).slice(0, -20)), /^not JSON$/],
    ['null', (_, response) => response.end('null'), /^no list of networks/],
    ['something else', (_, response) => response.end('{"prefixes": {"length": 1}}'), /^no list of networks/],
    [
      'entries that are none',
      (_, response) => response.end('{"prefixes": [1, null, {"ip_prefix": 5}]}'),
      /^no list/,
    ],
    ['too much', (_, response) => response.end(Buffer.alloc(17 * 1024 * 1024, ' ')), /^larger than/],
    ['nothing for ever', (_, response) => response.flushHeaders(), /^no whole answer in time$/],
    ['a connection that breaks off', (request) => request.socket.destroy(), /./],
  ]
  for (const [what, listener, reason] of bad) {
    it(`are none after ${what}, of which a log learns`, async (test) => {
      const url = await serve(test, listener)
      const { ranges, warnings } = start(test, { url, deadline: what === 'nothing for ever' ? 200 : 10_000 })
      await until(() => warnings.length > 0)
      const [message, fields] = warnings[0] as [string, { readonly host: string; readonly reason: string }]
      assert.equal(message, 'address ranges not read')
      assert.match(fields.reason, reason)
      assert.equal(fields.host, new URL(url).host)
      assert.doesNotMatch(JSON.stringify(fields), /secret/)
      assert.ok(!ranges.has('192.0.2.1'))
    })
  }

  it('are no longer asked for when the store is closed', async (test) => {
    let asked = 0
    const url = await serve(test, (_, response) => {
      asked++
      response.end(JSON.stringify(amazon))
    })
    const { ranges } = start(test, { url, every: 20 })
    const driver = withUrl(
      await createDriver({ kind: 'inmemory' }),
      async () => undefined,
      () => ranges.stop(),
    )
    await until(() => asked > 1)
    assert.equal(await driver.signedUrl?.(storagePath('a'), { method: 'GET', expires: 1 }), undefined)
    await driver.close()
    await delay(50)
    const before = asked
    await delay(200)
    assert.equal(asked, before)
  })
})
