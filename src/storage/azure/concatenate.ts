import { unavailable } from '../failure.ts'
import type { Stretch } from '../object-store/stretch.ts'
import { Limiter } from '../object-store/limiter.ts'
import { PartBuffer } from '../object-store/part-buffer.ts'
import { BlockUpload } from './block-upload.ts'
import { planBlocks } from './concatenation-plan.ts'
import { putBlob } from './conditional-write.ts'
import { isNotFetching, isSourceAbsent } from './errors.ts'
import { openBlob } from './object-reader.ts'
import { finishUpload } from './finish-upload.ts'
import { copyBlock } from './sizes.ts'
import type { Store } from './store.ts'

/** Blocks that are read and sent at once. */
const sentTogether = 4

export interface SourceBlob {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/**
 * Makes one blob of several, in their order, without their bytes passing through here; where the store does not fetch its own blobs by
 * their URLs, they are read and sent.
 *
 * @throws RegistryError STORAGE_UNAVAILABLE, also when a source is absent or of another size
 */
export async function concatenateBlobs(
  store: Store,
  sources: readonly SourceBlob[],
  to: string,
): Promise<void> {
  const plan = planBlocks(
    sources.map(({ size }) => size),
    { chunk: store.chunkSize, copyChunk: copyBlock },
  )
  if (plan.length === 0) {
    await putBlob(store, to, Buffer.alloc(0))
    return
  }
  const work: Work = { store, sources, upload: BlockUpload.apart(store), reading: new Limiter(sentTogether) }
  try {
    await new Limiter(Infinity).all([...plan.entries()], async ([index, part], signal) => {
      const first = index * numbersOfAPart
      if (part.kind === 'copy') await copyPart(work, first, part.stretch, signal)
      else await sendBlock(work, first, part.stretches, signal)
    })
    const size = sources.reduce((sum, source) => sum + source.size, 0)
    await finishUpload(store, work.upload, to, size)
  } catch (error) {
    await work.upload.abort()
    throw error
  }
}

interface Work {
  readonly store: Store
  readonly sources: readonly SourceBlob[]
  readonly upload: BlockUpload
  /** Of what is read and sent, so that it does not take all connections. */
  readonly reading: Limiter
}

/** A stretch that the store does not fetch is sent in more blocks than one. */
const numbersOfAPart = 1_000

async function copyPart(work: Work, first: number, stretch: Stretch, signal: AbortSignal): Promise<void> {
  const { store, upload } = work
  const { source, start, end } = stretch
  const { key } = sourceAt(work, source)
  try {
    await store.copies.run(async () => {
      signal.throwIfAborted()
      await upload.copy(first, key, start, end, signal)
    })
  } catch (error) {
    if (isSourceAbsent(error)) throw unavailable(`${key} is gone`)
    if (!isNotFetching(error)) throw error
    const size = Math.max(store.chunkSize, Math.ceil((end - start) / numbersOfAPart))
    for (let at = start, number = first; at < end; at += size, number++)
      await sendBlock(work, number, [{ source, start: at, end: Math.min(at + size, end) }], signal)
  }
}

async function sendBlock(
  work: Work,
  number: number,
  stretches: readonly Stretch[],
  signal: AbortSignal,
): Promise<void> {
  const { store, upload, reading } = work
  const size = stretches.reduce((sum, { start, end }) => sum + end - start, 0)
  const buffer = new PartBuffer(store.memory, { size, signs: false })
  await reading.run(async () => {
    try {
      for await (const chunk of chunksOf(work, stretches)) {
        signal.throwIfAborted()
        for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await buffer.add(rest))
      }
      const part = buffer.takePart()
      let isFree = false
      try {
        isFree = await store.memory.while(() => upload.send(number, part, signal))
      } finally {
        buffer.giveBack(part, isFree)
      }
    } finally {
      buffer.discard()
    }
  })
}

async function* chunksOf(
  work: Work,
  stretches: readonly Stretch[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { source, start, end } of stretches) {
    const { key } = sourceAt(work, source)
    const object = await openBlob(work.store, key, { start, end: end - 1 })
    if (object === undefined) throw unavailable(`${key} is gone`)
    yield* object
  }
}

function sourceAt({ sources }: Work, index: number): SourceBlob {
  const source = sources[index]
  if (source === undefined) throw new RangeError(`no source ${index}`)
  return source
}
