import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireProgram } from '../support/require-program.ts'
import { visit, type Visit } from './site.ts'
import { host, startWorld } from './world.ts'

/** Two thirds of this life are eight seconds. */
const validitySeconds = 12

/** Visits again and again, until a visit shows what is waited for. No visit may fail. */
async function visitUntil(
  port: number,
  root: string,
  isDone: (seen: Visit) => boolean,
  withinMs = 30_000,
): Promise<Visit> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const seen = await visit(port, host, root)
    if (isDone(seen)) return seen
    assert.ok(Date.now() < deadline, 'not in time')
    await sleep(200)
  }
}

describe('renewal', () => {
  it('happens at two thirds of the life of a certificate, again and again, and is noticed by no client', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site } = await startWorld(t, {}, { validitySeconds })
    const first = await visit(site.port, host, root)
    const second = await visitUntil(site.port, root, ({ serial }) => serial !== first.serial)
    const third = await visitUntil(site.port, root, ({ serial }) => serial !== second.serial)
    assert.equal(pebble.orders(), 3)
    for (const [before, after] of [
      [first, second],
      [second, third],
    ] as const) {
      const twoThirds = before.begins + ((before.expires - before.begins) * 2) / 3
      // Certificates know no fractions of seconds.
      assert.ok(after.begins >= twoThirds - 1000, 'not too early')
      assert.ok(after.begins < before.expires, 'not too late')
    }
    assert.deepEqual(site.certificates.certificates(), [{ host, expires: new Date(third.expires) }])
    assert.deepEqual(new Set(site.lines.map(({ level }) => level)), new Set(['info']))
  })

  it('is taken from whoever else has done it', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site, another } = await startWorld(t, { random: () => 0 }, { validitySeconds })
    const first = await visit(site.port, host, root)
    // Its clock is late, and so is its renewal.
    const late = await another({ port: 0, now: () => Date.now() - 2500 })
    assert.equal((await visit(late.port, host, root)).serial, first.serial)
    const second = await visitUntil(late.port, root, ({ serial }) => serial !== first.serial)
    assert.equal((await visit(site.port, host, root)).serial, second.serial)
    assert.equal(pebble.orders(), 2)
    assert.deepEqual(late.lines, [])
  })

  it('is tried again in time while the authority is away, and by an account that it has forgotten', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const { pebble, root, site } = await startWorld(t, {}, { validitySeconds })
    const first = await visit(site.port, host, root)
    await pebble.stop()
    while (!site.lines.some(({ level }) => level === 'error')) {
      assert.equal((await visit(site.port, host, root)).serial, first.serial)
      await sleep(100)
    }
    const [failure] = site.lines.filter(({ level }) => level === 'error')
    assert.equal(failure?.message, 'no certificate issued')
    assert.equal(failure?.['problem'], 'ECONNREFUSED')
    assert.ok(Date.parse(String(failure?.['nextAttempt'])) < first.expires)
    await pebble.start()
    const roots = root + (await pebble.root())
    await visitUntil(site.port, roots, ({ serial }) => serial !== first.serial)
  })

  it('happens on the first visit where the cache has an expired one, which is shown when nothing else can be', async (t) => {
    if (!requireProgram(t, 'pebble', 'pebble-challtestsrv')) return
    const backOff = { first: 500, factor: 1, longest: 500 }
    const { pebble, root, site, another } = await startWorld(t, { backOff }, { validitySeconds: 3 })
    const first = await visit(site.port, host, root)
    await site.stop()
    await pebble.stop()
    await sleep(Math.max(first.expires - Date.now() + 100, 0))
    const restarted = await another()
    await assert.rejects(visit(restarted.port, host, root), { code: 'CERT_HAS_EXPIRED' })
    await pebble.start()
    await sleep(600)
    const second = await visit(restarted.port, host, await pebble.root())
    assert.notEqual(second.serial, first.serial)
  })
})
