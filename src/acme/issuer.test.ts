import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { memoryLog, type LogLine } from '../../test/acme/site.ts'
import { run } from '../../test/support/run.ts'
import { temporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts'
import type { CertificateCache } from './cache.ts'
import { generateKey, keyToPem } from './certificate.ts'
import { Failures } from './failures.ts'
import type { HostName } from './host-name.ts'
import { Issuer } from './issuer.ts'
import { AcmeProblem } from './problem.ts'
import { orderBackOff } from './schedule.ts'
import { Unavailable } from './unavailable.ts'

const host = 'registry.example.com' as HostName
const other = 'other.example.com' as HostName
const day = 24 * 60 * 60 * 1000

let folder: TemporaryFolder
before(() => {
  folder = temporaryFolder()
})
after(() => folder.remove())

/** A chain for a key, for 90 days from now on. */
async function sign(name: string, key: KeyObject): Promise<string> {
  const file = join(folder.path, `${name}.key`)
  await writeFile(file, keyToPem(key))
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  const { stdout } = await run('openssl', ['req', '-x509', '-days', '90', '-key', file, ...names])
  return stdout
}

interface World {
  readonly issuer: Issuer
  readonly lines: readonly LogLine[]
  readonly stored: Map<string, string>
  /** The hosts of all orders, in their order. */
  readonly orders: readonly string[]
  now: number
  /** What the authority does. */
  order: (host: HostName, key: KeyObject, signal: AbortSignal) => Promise<string>
  /** What the cache does before it writes. */
  beforeWrite: () => void
}

function createWorld(): World {
  const lines: LogLine[] = []
  const orders: string[] = []
  const stored = new Map<string, string>()
  const cache: CertificateCache = {
    read: (name) => Promise.resolve(stored.get(name)),
    write: async (name, content) => {
      await turn()
      world.beforeWrite()
      stored.set(name, content)
    },
  }
  const world: World = {
    lines,
    orders,
    stored,
    now: Date.now(),
    order: sign,
    beforeWrite: () => {},
    issuer: new Issuer({
      authority: {
        order: (name, key, signal) => {
          orders.push(name)
          return world.order(name, key, signal)
        },
      },
      cache,
      failures: new Failures(orderBackOff, () => 0.5),
      log: memoryLog(lines),
      now: () => world.now,
    }),
  }
  return world
}

describe('an issuer', () => {
  it('orders for all who wait, keeps it, and says so', async () => {
    const { issuer, lines, orders, stored } = createWorld()
    const [one, two] = await Promise.all([issuer.issue(host), issuer.issue(host)])
    assert.equal(one, two)
    assert.deepEqual(orders, [host])
    assert.equal(stored.get(host), one.key + one.chain)
    assert.deepEqual(lines, [
      { level: 'info', message: 'ordering a certificate', host },
      { level: 'info', message: 'certificate issued', host, expires: new Date(one.expires).toISOString() },
    ])
  })

  it('orders for one host after the other, and goes on after a failure', async () => {
    const world = createWorld()
    let running = 0
    world.order = async (name, key) => {
      assert.equal(++running, 1)
      try {
        await turn()
        if (name === host) throw new Error('no')
        return await sign(name, key)
      } finally {
        running--
      }
    }
    const first = assert.rejects(world.issuer.issue(host))
    assert.equal(world.issuer.isBusyWith(host), true)
    assert.equal(world.issuer.isBusyWith(other), false)
    await world.issuer.issue(other)
    await first
    assert.equal(world.issuer.isBusyWith(host), false)
    assert.deepEqual(world.orders, [host, other])
  })

  it('takes from the cache what another process put there, until two thirds of its life are over', async () => {
    const world = createWorld()
    const another = createWorld()
    const { begins } = await another.issuer.issue(host)
    world.stored.set(host, another.stored.get(host) ?? '')
    world.now = begins + 59 * day
    const taken = await world.issuer.issue(host)
    assert.equal(taken.begins, begins)
    assert.deepEqual(world.orders, [])
    world.now = begins + 60 * day + 1
    assert.notEqual((await world.issuer.issue(host)).key, taken.key)
    assert.deepEqual(world.orders, [host])
  })

  it('orders where the cache holds nothing that can be used', async () => {
    const { issuer, lines, orders, stored } = createWorld()
    stored.set(host, 'damaged')
    await issuer.issue(host)
    assert.deepEqual(orders, [host])
    assert.equal(lines[0]?.message, 'cached certificate not usable')
    assert.equal(lines[0]?.['host'], host)
  })

  it('says what went wrong, and does not ask again before its time', async () => {
    const world = createWorld()
    world.order = () => Promise.reject(new AcmeProblem('urn:ietf:params:acme:error:dns', 'no such name'))
    const begin = world.now
    await assert.rejects(world.issuer.issue(host), (error: unknown) => {
      assert.ok(error instanceof Unavailable && error.retryAt === begin + 60_000)
      return true
    })
    assert.deepEqual(world.lines[1], {
      level: 'error',
      message: 'no certificate issued',
      host,
      problem: 'urn:ietf:params:acme:error:dns',
      detail: 'no such name',
      nextAttempt: new Date(begin + 60_000).toISOString(),
    })
    world.now += 59_999
    await assert.rejects(world.issuer.issue(host), /the last order for registry.example.com failed/)
    assert.equal(world.orders.length, 1)
    world.now += 1
    world.order = sign
    await world.issuer.issue(host)
    assert.equal(world.orders.length, 2)
  })

  it('asks again soon where a certificate ends soon, and late where the authority wants it', async () => {
    const world = createWorld()
    const left = 30_000
    const current = { key: '', chain: '', begins: 0, expires: world.now + left }
    world.order = () => Promise.reject(new Error('no'))
    await assert.rejects(world.issuer.issue(host, current))
    assert.equal(world.lines[1]?.['nextAttempt'], new Date(world.now + left / 3).toISOString())
    const retryAt = world.now + day
    world.order = () => Promise.reject(new AcmeProblem('urn:ietf:params:acme:error:rateLimited', '', retryAt))
    await assert.rejects(world.issuer.issue(other, current))
    assert.equal(world.lines[3]?.['nextAttempt'], new Date(retryAt).toISOString())
  })

  it('believes no authority that gives it the certificate of somebody else', async () => {
    const world = createWorld()
    world.order = (_name, key) => sign(other, key)
    await assert.rejects(world.issuer.issue(host))
    assert.equal(world.lines[1]?.['detail'], `the certificate is not for ${host}`)
    world.order = async (name) => await sign(name, await generateKey())
    await assert.rejects(world.issuer.issue(other))
    assert.equal(world.lines[3]?.['detail'], 'key and certificate do not belong together')
    assert.equal(world.stored.size, 0)
  })

  it('serves what it could not keep', async () => {
    const world = createWorld()
    world.beforeWrite = () => {
      throw new Error('no space left on device')
    }
    await world.issuer.issue(host)
    assert.deepEqual(
      world.lines.map(({ level, message }) => [level, message]),
      [
        ['info', 'ordering a certificate'],
        ['error', 'certificate not kept'],
        ['info', 'certificate issued'],
      ],
    )
  })

  it('ends what is under way, and begins nothing more', async () => {
    const world = createWorld()
    world.order = (_name, _key, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    const stopped = { message: 'this process is ending' }
    const waiting = [host, other].map((name) => assert.rejects(world.issuer.issue(name), stopped))
    while (world.orders.length === 0) await turn()
    await world.issuer.stop()
    await Promise.all(waiting)
    await assert.rejects(world.issuer.issue(host), stopped)
    assert.deepEqual(world.orders, [host])
    assert.deepEqual(
      world.lines.map(({ message }) => message),
      ['ordering a certificate'],
    )
  })
})
