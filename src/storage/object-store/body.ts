import type { Readable } from 'node:stream'

/** A body that ended early, or went silent: the same request may do better. */
export class BrokenBody extends Error {
  readonly code = 'BrokenBody'
}

/**
 * The chunks of an answer's body. Silence counts only while a chunk is waited for: a reader may take its time.
 *
 * @param silence milliseconds
 * @throws the connection's error; BrokenBody after silence
 */
export async function* chunksOf(body: Readable, silence: number): AsyncGenerator<Buffer, void, undefined> {
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const giveUp = (): void => void body.destroy(new BrokenBody(`the store sent nothing for ${silence} ms`))
  try {
    for (;;) {
      const timer = setTimeout(giveUp, silence)
      const next = await iterator.next().finally(() => clearTimeout(timer))
      if (next.done === true) return
      yield next.value
    }
  } finally {
    body.destroy()
  }
}

/**
 * All of a body.
 *
 * @param length bytes that it must have
 */
export async function wholeBody(body: Readable, length: number, silence: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of chunksOf(body, silence)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (bytes.length !== length) throw new BrokenBody(`the object ends at ${bytes.length} of ${length} bytes`)
  return bytes
}
