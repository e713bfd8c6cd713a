import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import type { ByteRange, OpenObject, StoragePath } from '../../src/storage/driver.ts'
import { newBlob, pushBlob } from '../http/content.ts'
import { newGate } from '../http/gate.ts'
import { startParts } from '../http/in-process.ts'
import { digestOf } from '../support/seeded.ts'
import { rawOutcome } from './raw.ts'
import { request, startVictim } from './victim.ts'

void test('numbers of entries that are none', async (t) => {
  const victim = await startVictim(t)
  const digest = digestOf('x')
  // The first question for referrers notes that it has looked at all manifests.
  await victim.call('GET', `/v2/victim/referrers/${digest}`)
  victim.settle()
  for (const n of [
    '-1',
    '-0',
    '1e9',
    '0x1',
    '1.5',
    'NaN',
    'Infinity',
    'ten',
    '%00',
    '1%00',
    '1;2',
    '9'.repeat(30),
    '9'.repeat(10_000),
    '-9223372036854775808',
    '%F0%9F%98%80',
    '%zz',
    '[]',
    "1'--",
  ]) {
    for (const path of ['/v2/_catalog', '/v2/victim/tags/list', `/v2/victim/referrers/${digest}`]) {
      const answer = await victim.attack(request(`GET ${path}?n=${n}`))
      assert.equal(rawOutcome(answer), '400 PAGINATION_NUMBER_INVALID', `${path} ${n.slice(0, 40)}`)
      assert.ok(answer.body.length < 1000)
    }
  }
  for (const n of ['1000000', '2147483648', '9007199254740993']) {
    const catalog = await victim.attack(request(`GET /v2/_catalog?n=${n}`))
    assert.equal(rawOutcome(catalog), '400 PAGINATION_NUMBER_INVALID', n)
    for (const path of ['/v2/victim/tags/list', `/v2/victim/referrers/${digest}`]) {
      const answer = await victim.attack(request(`GET ${path}?n=${n}`))
      assert.match(rawOutcome(answer), /^(?:200|400 PAGINATION_NUMBER_INVALID)$/, n)
    }
  }
  for (const query of [
    'n=1&n=-5',
    'last=%ff%fe',
    'last=%00',
    `last=${'x'.repeat(50_000)}`,
    'last=../../..',
    'n',
    '=',
    '&&&&',
    '%',
    'artifactType=%00',
    'a&'.repeat(20_000),
  ]) {
    for (const path of ['/v2/_catalog', '/v2/victim/tags/list', `/v2/victim/referrers/${digest}`]) {
      const answer = await victim.attack(request(`GET ${path}?${query}`))
      assert.match(rawOutcome(answer), /^(?:200|400 PAGINATION_NUMBER_INVALID)$/, query.slice(0, 40))
    }
  }
  await victim.checkUnharmed()
})

void test('many ranges', async (t) => {
  const victim = await startVictim(t)
  const blob = newBlob(200_000)
  await pushBlob(victim, 'victim', blob)
  victim.settle()
  const path = `/v2/victim/blobs/${blob.digest}`
  const rows: Readonly<Record<string, readonly [header: string, statuses: readonly number[]]>> = {
    'the whole a thousand times': [`bytes=${Array(1000).fill('0-').join(',')}`, [200]],
    'thousands of single bytes': [
      `bytes=${Array.from({ length: 5000 }, (_, n) => `${n}-${n}`).join(',')}`,
      [200, 206],
    ],
    'the last byte a thousand times': [`bytes=${Array(1000).fill('-1').join(',')}`, [200, 206]],
    'overlapping halves': ['bytes=0-150000,50000-199999', [200, 206]],
    'nothing but commas': [`bytes=${','.repeat(30_000)}`, [200, 416]],
    'numbers that no double holds': [`bytes=${'9'.repeat(10_000)}-${'9'.repeat(10_000)}`, [416]],
    'negative numbers': ['bytes=--5', [200, 416]],
    NUL: ['bytes=0-1\u00000', [400]],
  }
  for (const [what, [header, statuses]] of Object.entries(rows)) {
    await t.test(what, async () => {
      const answer = await victim.attack(request(`GET ${path}`, { Range: header }))
      assert.ok(statuses.includes(answer.status), String(answer.status))
      assert.ok(answer.body.length <= 2 * blob.content.length, 'no more than it is worth')
      await victim.checkUnharmed(what)
    })
  }
})

/** Knows how many objects are open, and lets a reader wait. */
class CountingDriver extends MemoryDriver {
  openObjects = 0
  gate: Promise<void> = Promise.resolve()
  opened: () => void = () => {}

  override async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    const object = await super.open(path, range)
    if (object === undefined) return undefined
    this.openObjects++
    let isOpen = true
    const closed = (): void => {
      if (isOpen) this.openObjects--
      isOpen = false
    }
    this.opened()
    await this.gate
    return {
      size: object.size,
      async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          yield* object
        } finally {
          closed()
        }
      },
      close: async (): Promise<void> => {
        await object.close()
        closed()
      },
    }
  }
}

void test('a client that goes away leaves no file open', async (t) => {
  for (const range of ['', 'bytes=0-99', 'bytes=0-99,1000-1099', 'bytes=-1,0-0']) {
    await t.test(range === '' ? 'the whole' : range, async (sub) => {
      const driver = new CountingDriver()
      const server = await startParts(sub, { driver })
      const blob = newBlob(1_000_000)
      await pushBlob(server, 'r', blob)
      for (let round = 0; round < 10; round++) {
        const [gate, opened] = [newGate(), newGate()]
        driver.gate = gate.opened
        driver.opened = opened.open
        const socket = connect({ port: server.port, host: '127.0.0.1' })
        socket.write(request(`GET /v2/r/blobs/${blob.digest}`, range === '' ? {} : { Range: range }))
        await opened.opened
        socket.destroy()
        await new Promise((resolve) => setTimeout(resolve, 20))
        gate.open()
      }
      for (let tries = 0; tries < 100 && driver.openObjects > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      assert.equal(driver.openObjects, 0)
    })
  }
})
