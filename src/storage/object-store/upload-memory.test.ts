import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { PartBuffer } from './part-buffer.ts'
import { smallestPart } from './sizes.ts'
import { slabSize, UploadMemory } from './upload-memory.ts'

const mib = 1024 ** 2
const chunk = 10 * mib

async function fill(buffer: PartBuffer, bytes: number): Promise<void> {
  const piece = new Uint8Array(64 * 1024)
  for (let sent = 0; sent < bytes && !buffer.isFull;)
    sent += await buffer.add(piece.subarray(0, Math.min(piece.length, bytes - sent)))
}

function bufferOf(memory: UploadMemory): PartBuffer {
  return new PartBuffer(memory, { size: chunk, signs: true, mayShrink: true })
}

describe('the memory of uploads', () => {
  it('is little for small objects', async () => {
    const memory = new UploadMemory(chunk)
    const buffers = Array.from({ length: 32 }, () => bufferOf(memory))
    await Promise.all(buffers.map((buffer) => fill(buffer, 2_000)))
    assert.equal(memory.held, 32 * slabSize)
    for (const buffer of buffers) buffer.discard()
    assert.equal(memory.held, 0)
  })

  it('is bounded for 64 large ones that come at once, and each of them goes on', async () => {
    const memory = new UploadMemory(chunk)
    let peak = 0
    const upload = async (): Promise<void> => {
      const buffer = bufferOf(memory)
      for (let parts = 0; parts < 4; parts++) {
        for (let filled = false; !filled; filled = buffer.isFull) {
          await fill(buffer, 64 * 1024)
          peak = Math.max(peak, memory.held)
        }
        assert.equal(buffer.limit, smallestPart, 'parts are as small as S3 takes them')
        const part = buffer.takePart()
        await memory.while(() => delay(5))
        buffer.giveBack(part, true)
      }
    }
    await Promise.all(Array.from({ length: 64 }, upload))
    assert.ok(peak > 80 * mib && peak <= 100 * mib, `${peak / mib} MiB`)
    assert.equal(memory.held, 0)
  })

  it('does not let one slow client hold up the others', async () => {
    const memory = new UploadMemory(chunk, 2_000)
    const slow = bufferOf(memory)
    await fill(slow, 4 * mib)
    const buffers = Array.from({ length: 30 }, () => bufferOf(memory))
    await Promise.all(buffers.map((buffer) => fill(buffer, 2 * mib + mib / 2)))
    const send = async (buffer: PartBuffer): Promise<void> => {
      await fill(buffer, chunk)
      const part = buffer.takePart()
      await memory.while(() => delay(1))
      buffer.giveBack(part, true)
    }
    // The fullest of all takes one slab more, and then nothing comes from its client.
    await Promise.all([fill(slow, slabSize), ...buffers.map(send)])
    slow.discard()
    assert.equal(memory.held, 0)
  })

  it('is not waited for for ever', async () => {
    const memory = new UploadMemory(chunk, 50)
    const holder = { length: 0 }
    const slabs: Buffer[] = []
    while (memory.held < 90 * mib) slabs.push(await memory.take(holder))
    await memory.while(async () => {
      await assert.rejects(memory.take(holder), { code: 'STORAGE_UNAVAILABLE', retryAfter: 10 })
      const waiting = memory.take(holder)
      memory.give(slabs.splice(0, 1), true)
      await waiting
    })
  })

  it('is used again', async () => {
    const memory = new UploadMemory(chunk)
    const buffer = bufferOf(memory)
    await fill(buffer, chunk)
    assert.ok(buffer.isFull)
    const part = buffer.takePart()
    assert.equal(part.length, chunk)
    assert.match(part.hash ?? '', /^[0-9a-f]{64}$/)
    buffer.giveBack(part, true)
    await fill(buffer, 100)
    const again = buffer.takePart()
    assert.ok(part.slabs.some((slab) => slab === again.slabs[0]))
    buffer.giveBack(again, false)
    await fill(buffer, 100)
    assert.ok(again.slabs[0] !== buffer.takePart().slabs[0])
  })
})
