import assert from 'node:assert/strict'
import type { OpenObject, StorageDriver } from '../driver.ts'

/** A driver on an empty store of its own, and what the suite needs to know of that store. */
export interface DriverUnderTest {
  readonly driver: StorageDriver
  /** All objects that lie in the store, temporary ones too, by whatever names. */
  objects(): Promise<readonly string[]>
  /** All folders of the store but those of temporary objects. */
  folders(): Promise<readonly string[]>
  /**
   * The share of the rounds that the suite is run with, 1 when unset: a store behind a network takes milliseconds for what others do
   * in a hundredth.
   */
  readonly effort?: number
  /** Closes the driver and removes the store. */
  dispose(): Promise<void>
}

/** How often to do what shows only when done often: `rounds`, or the store's share of them. */
export function roundsOf({ effort = 1 }: DriverUnderTest, rounds: number): number {
  return Math.max(Math.ceil(rounds * effort), 1)
}

/** Bytes that tell their place: no two stretches of a few bytes are alike. */
export function pattern(length: number, seed: number = 0): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed + 1
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[index] = state >>> 24
  }
  return bytes
}

/**
 * `content` in chunks of one buffer that is used again, as the body of a request gives them; throws `failure` before the chunk of
 * that number.
 */
export async function* source(
  content: Uint8Array,
  chunk: number,
  failAt: number = Infinity,
  failure: Error = new Error('the source broke off'),
): AsyncGenerator<Uint8Array, void, undefined> {
  let number = 0
  const buffer = new Uint8Array(Math.min(chunk, content.length))
  for (let start = 0; start < content.length; start += chunk) {
    if (number++ === failAt) throw failure
    const piece = content.subarray(start, start + chunk)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
    buffer.fill(0xee)
  }
  if (number <= failAt && failAt !== Infinity) throw failure
}

/** Reads all, copying each chunk while it is valid. */
export async function drain(object: OpenObject | undefined): Promise<Buffer> {
  assert.ok(object !== undefined)
  const chunks: Buffer[] = []
  for await (const chunk of object) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** All that `items` yields. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
