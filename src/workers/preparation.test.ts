import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test from 'node:test'
import { Preparation } from './preparation.ts'

class Fake {
  isDiscarded = false

  async discard(): Promise<void> {
    this.isDiscarded = true
  }
}

interface Slow {
  readonly made: Promise<void>
  readonly fake: Fake
  finish(): Promise<void>
}

/** One that takes until it is told to be ready. */
async function slow(preparation: Preparation<Fake>): Promise<Slow> {
  const fake = new Fake()
  const gate = new EventEmitter()
  const ready = once(gate, 'ready')
  const made = preparation.make(async () => {
    await ready
    return fake
  })
  made.catch(() => {})
  await settled()
  return {
    made,
    fake,
    finish: async () => {
      gate.emit('ready')
      await settled()
    },
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

void test('what is ready after the next one was does not take its place', async () => {
  const preparation = new Preparation<Fake>()
  const late = await slow(preparation)
  const next = new Fake()
  await preparation.make(async () => next)
  await late.finish()
  await assert.rejects(late.made, { message: 'it was ready too late' })
  assert.equal(late.fake.isDiscarded, true)
  assert.equal(next.isDiscarded, false)
  assert.equal(preparation.take(), next)
  assert.equal(preparation.take(), undefined)
})

void test('what is ready before the next one is discarded too', async () => {
  const preparation = new Preparation<Fake>()
  const early = await slow(preparation)
  const next = await slow(preparation)
  await early.finish()
  assert.equal(early.fake.isDiscarded, true)
  assert.equal(preparation.take(), undefined)
  await next.finish()
  assert.equal(preparation.take(), next.fake)
})

void test('what is ready after nobody wants it any more is discarded', async () => {
  const preparation = new Preparation<Fake>()
  const late = await slow(preparation)
  await preparation.discard()
  await late.finish()
  assert.equal(late.fake.isDiscarded, true)
  assert.equal(preparation.take(), undefined)
})

void test('one that fails leaves none', async () => {
  const preparation = new Preparation<Fake>()
  const last = new Fake()
  await preparation.make(async () => last)
  const failing = preparation.make(async () => {
    throw new Error('no file')
  })
  await assert.rejects(failing, { message: 'no file' })
  assert.equal(last.isDiscarded, true)
  assert.equal(preparation.take(), undefined)
})
