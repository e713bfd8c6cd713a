import assert from 'node:assert/strict'
import { it } from 'node:test'
import { storagePath } from '../driver.ts'
import { drain, type DriverUnderTest, pattern, roundsOf, source } from './support.ts'

const isNothing = (found: Buffer): boolean => found.length === 0

export function describeRaces(current: () => DriverUnderTest): void {
  it('replaces atomically: a reader sees the old bytes or the new', async () => {
    const { driver } = current()
    const path = storagePath('tags/latest/current/link')
    const sizes = [71, 20_000, 40_000]
    const rounds = roundsOf(current(), 100)
    await driver.write(path, Buffer.alloc(71, 0))
    const writers = new AbortController()
    const write = async (writer: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const content = Buffer.alloc(sizes[round % sizes.length] as number, writer * 100 + round)
        await driver.write(path, content)
      }
    }
    const read = async (): Promise<void> => {
      while (!writers.signal.aborted) {
        const content = await driver.read(path)
        assert.ok(content !== undefined && sizes.includes(content.length), `torn: ${content?.length}`)
        assert.ok(content.every((byte) => byte === content[0]))
        const opened = await drain(await driver.open(path))
        assert.ok(sizes.includes(opened.length))
      }
    }
    const reading = Promise.all([read(), read(), read(), read()])
    await Promise.all([write(0), write(1)])
    writers.abort()
    await reading
    assert.deepEqual(await current().objects(), ['tags/latest/current/link'])
  })

  it('lets exactly one of several writers win that write only if absent', async () => {
    const { driver } = current()
    const rounds = roundsOf(current(), 50)
    for (let round = 0; round < rounds; round++) {
      const path = storagePath(`claims/${round}/claim`)
      const racers = Array.from({ length: 8 }, (_, racer) => racer)
      const won = await Promise.all(
        racers.map((racer) =>
          driver.write(path, Buffer.from(`${racer}`), { ifAbsent: true, durable: round % 5 === 0 }),
        ),
      )
      assert.equal(won.filter(Boolean).length, 1)
      assert.equal((await driver.read(path))?.toString(), String(won.indexOf(true)))
    }
    assert.equal((await current().objects()).length, rounds)
  })

  it('lets exactly one of several writers replace what is nothing, also while somebody deletes it', async () => {
    const { driver } = current()
    const rounds = roundsOf(current(), 50)
    for (let round = 0; round < rounds; round++) {
      const path = storagePath(`claims/${round}/claim`)
      await driver.write(path, Buffer.alloc(0), { durable: false })
      const racers = Array.from({ length: 6 }, (_, racer) => racer)
      const writes = Promise.all(
        racers.map((racer) => driver.write(path, Buffer.from(`${racer}`), { ifAbsent: true, isNothing })),
      )
      const deleted = round % 2 === 0 ? false : await driver.delete(path)
      const won = (await writes).filter(Boolean).length
      // Deleted may have been what one of them wrote, and then another one may have written.
      assert.ok(won === 1 || (deleted && won === 2), `${won} won`)
      const held = (await driver.read(path))?.toString()
      assert.ok(deleted || held !== undefined)
      if (held !== undefined) assert.equal((await writes)[Number(held)], true)
    }
  })

  it('creates one whole object of many that come for the same path', async () => {
    const { driver } = current()
    const path = storagePath('blobs/data')
    const contents = Array.from({ length: 16 }, (_, index) => pattern(300_000 + index, index))
    await Promise.all(contents.map((content) => driver.create(path, source(content, 50_000))))
    const stored = await drain(await driver.open(path))
    assert.ok(contents.some((content) => content.equals(stored)))
    assert.deepEqual(await current().objects(), ['blobs/data'])
  })

  it('keeps what a writer was told is written while a deleter empties the same folder', async () => {
    const { driver } = current()
    const writers = new AbortController()
    const kept = storagePath('race/folder/sub/kept')
    const doomed = [0, 1].map((index) => storagePath(`race/folder/sub/doomed-${index}`))
    const unmake = async (path: (typeof doomed)[number]): Promise<void> => {
      while (!writers.signal.aborted) {
        await driver.write(path, Buffer.alloc(1), { durable: false })
        assert.equal(await driver.delete(path), true)
      }
    }
    const unmaking = Promise.all(doomed.map(unmake))
    try {
      const rounds = roundsOf(current(), 1_000)
      for (let round = 0; round < rounds; round++) {
        const content = Buffer.from(`${round}`)
        switch (round % 4) {
          case 0:
            assert.equal(await driver.write(kept, content, { durable: false }), true)
            break
          case 1:
            assert.equal(await driver.write(kept, content, { durable: false, ifAbsent: true }), true)
            break
          case 2:
            await driver.create(kept, source(content, 2), { durable: false })
            break
          default:
            await driver.write(storagePath('apart/part'), content, { durable: false })
            assert.equal(await driver.move(storagePath('apart/part'), kept), true)
        }
        assert.equal((await driver.read(kept))?.toString(), String(round))
        assert.equal(await driver.delete(kept), true)
      }
    } finally {
      writers.abort()
      await unmaking
    }
    assert.deepEqual(await current().objects(), [])
  })

  it('removes a tree that is written to meanwhile, without an error to either', async () => {
    const { driver } = current()
    const rounds = roundsOf(current(), 50)
    for (let round = 0; round < rounds; round++) {
      const writes = Array.from({ length: 10 }, (_, index) =>
        driver.write(storagePath(`up/${round}/parts/${index}`), Buffer.from('x'), { durable: false }),
      )
      await Promise.all([...writes, driver.deleteTree(storagePath(`up/${round}`))])
      await driver.deleteTree(storagePath(`up/${round}`))
    }
    assert.deepEqual(await current().objects(), [])
    assert.deepEqual(await current().folders(), [])
  })
}
