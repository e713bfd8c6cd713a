import { unavailable } from '../failure.ts'
import { planConcatenation } from './concatenation-plan.ts'
import type { PlannedPart, Stretch } from '../object-store/stretch.ts'
import { Limiter } from '../object-store/limiter.ts'
import { MultipartUpload } from './multipart.ts'
import { openObject } from './object-reader.ts'
import { createObject } from './object-writer.ts'
import { PartBuffer } from '../object-store/part-buffer.ts'
import type { Store } from './store.ts'

/** Parts that are read and sent at once. */
const sentTogether = 4

export interface Source {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/**
 * Makes one object of several, in their order. Those of 5 MiB and more are copied by the store; runs of smaller ones are read and sent.
 *
 * @throws RegistryError STORAGE_UNAVAILABLE, also when a source is absent or of another size
 */
export async function concatenateObjects(
  store: Store,
  sources: readonly Source[],
  to: string,
): Promise<void> {
  const plan = planConcatenation(
    sources.map(({ size }) => size),
    { chunk: store.chunkSize, copyChunk: store.copyChunkSize },
  )
  const [first] = plan
  if (plan.length <= 1 && first?.kind !== 'copy') {
    await createObject(store, to, chunksOfAll(store, sources, first?.stretches ?? []))
    return
  }
  const upload = await MultipartUpload.start(store, to)
  // A share of the copies that may run at once, so that reading does not wait behind them.
  const reading = new Limiter(sentTogether)
  try {
    await new Limiter(Infinity).all([...plan.entries()], async ([index, part], signal) => {
      if (part.kind === 'copy') await copyPart(store, upload, index + 1, sources, part.stretch, signal)
      else await reading.run(() => sendPart(store, upload, index + 1, sources, part, signal))
    })
    await upload.complete()
  } catch (error) {
    await upload.abort()
    throw error
  }
}

async function copyPart(
  store: Store,
  upload: MultipartUpload,
  number: number,
  sources: readonly Source[],
  { source, start, end }: Stretch,
  signal: AbortSignal,
): Promise<void> {
  await store.copies.run(async () => {
    signal.throwIfAborted()
    await upload.copy(number, keyOf(sources, source), start, end - 1, signal)
  })
}

async function sendPart(
  store: Store,
  upload: MultipartUpload,
  number: number,
  sources: readonly Source[],
  { stretches }: PlannedPart & { readonly kind: 'send' },
  signal: AbortSignal,
): Promise<void> {
  const size = stretches.reduce((sum, { start, end }) => sum + end - start, 0)
  const buffer = new PartBuffer(store.memory, { size, signs: store.signsBodies })
  try {
    for await (const chunk of chunksOfAll(store, sources, stretches)) {
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
}

async function* chunksOfAll(
  store: Store,
  sources: readonly Source[],
  stretches: readonly Stretch[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { source, start, end } of stretches) {
    const key = keyOf(sources, source)
    const object = await openObject(store, key, { start, end: end - 1 })
    if (object === undefined) throw unavailable(`${key} is gone`)
    yield* object
  }
}

function keyOf(sources: readonly Source[], index: number): string {
  const source = sources[index]
  if (source === undefined) throw new RangeError(`no source ${index}`)
  return source.key
}
