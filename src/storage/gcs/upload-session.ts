import { unavailable } from '../failure.ts'
import type { Part } from '../object-store/part.ts'
import { removeObject } from './removal.ts'
import type { Asked, Attempt, Said } from './requests.ts'
import { contentType, resourceOf } from './resource.ts'
import type { Store } from './store.ts'

/** So often the store may take nothing of what it was sent, one time after the other. */
const mostRefusals = 5
/** Milliseconds for what nobody waits for. */
const cancelWithin = 3_000

/** Where an upload is: the object is whole, or so many bytes of it are stored. */
type State = { readonly whole: Said } | { readonly whole?: never; readonly stored: number }

/**
 * A resumable upload: https://cloud.google.com/storage/docs/performing-resumable-uploads. The object appears when the piece is stored
 * that says how long the whole is; an upload without it ends after a week, unseen and free of charge.
 */
export class UploadSession {
  readonly #store: Store
  readonly #key: string
  readonly #url: URL
  /** Bytes that the store has for certain, and that were given back here. */
  #settled = 0

  private constructor(store: Store, key: string, url: URL) {
    this.#store = store
    this.#key = key
    this.#url = url
  }

  static async start(store: Store, key: string): Promise<UploadSession> {
    const { requests, addresses } = store
    const body = Buffer.from(JSON.stringify({ name: key, contentType }))
    const asked: Asked = {
      method: 'POST',
      url: addresses.upload('resumable', { name: key }),
      headers: { 'Content-Type': 'application/json; charset=UTF-8', 'X-Upload-Content-Type': contentType },
      body: [body],
      length: body.length,
    }
    const { headers } = await requests.send('StartUpload', key, ({ ask }) => ask(asked))
    if (headers.location === undefined) throw unavailable('the store begins an upload and does not say where')
    return new UploadSession(store, key, addresses.session(headers.location))
  }

  /**
   * Sends the next piece, what is left of it again when the store took a part. Returns whether nobody can see its bytes any more.
   *
   * @param total bytes of the object, with the last piece alone: then it is there, whole
   * @throws GcsFailure, also when the upload is gone
   */
  async send(part: Part, signal: AbortSignal, total?: number): Promise<boolean> {
    const start = this.#settled
    const end = start + part.length
    let stored = start
    let attempts = 0
    for (let refusals = 0; refusals < mostRefusals;) {
      const from = stored
      const { requests } = this.#store
      const patience = { silence: requests.stall, total: requests.longPatience, signal }
      const state = await requests.send(
        'UploadPiece',
        this.#key,
        async (attempt) => {
          attempts++
          return this.#try(attempt, part, { start, from, total })
        },
        patience,
      )
      if (state.whole !== undefined) {
        await this.#checkWhole(state.whole, total)
        return attempts === 1
      }
      if (state.stored < start || state.stored > end)
        throw unavailable(
          `the store has ${state.stored} bytes of an upload, of which ${start} were stored before`,
        )
      if (state.stored === end && total === undefined) {
        this.#settled = end
        return attempts === 1
      }
      refusals = state.stored > stored ? 0 : refusals + 1
      stored = state.stored
    }
    throw unavailable('the store takes no more of an upload')
  }

  /** Nothing of it is ever seen then. */
  async cancel(): Promise<void> {
    const { requests } = this.#store
    // Google answers with a status of its own.
    const asked: Asked = { method: 'DELETE', url: this.#url, expected: [404, 410, 499], isOpen: true }
    await requests
      .send('CancelUpload', this.#key, ({ ask }) => ask(asked), { silence: cancelWithin, total: 0 })
      .catch(() => undefined)
  }

  async #try(
    attempt: Attempt,
    part: Part,
    {
      start,
      from,
      total,
    }: { readonly start: number; readonly from: number; readonly total: number | undefined },
  ): Promise<State> {
    let position = from
    if (attempt.mayBeDone) {
      // How much an earlier attempt got through; or all of it did, and its answer was lost.
      const state = await this.#ask(attempt, `*/${total ?? '*'}`, { length: 0 })
      if (state.whole !== undefined || state.stored < start) return state
      position = state.stored
      if (position >= start + part.length) return state
    }
    const length = start + part.length - position
    const range = `${position}-${position + length - 1}/${total ?? '*'}`
    return this.#ask(attempt, range, { body: pieces(part, position - start), length })
  }

  async #ask(attempt: Attempt, range: string, body: Pick<Asked, 'body' | 'length'>): Promise<State> {
    const said = await attempt.ask({
      method: 'PUT',
      url: this.#url,
      headers: { 'Content-Range': `bytes ${range}` },
      expected: [308],
      isOpen: true,
      ...body,
    })
    if (said.status !== 308) return { whole: said }
    const last = /^bytes=0-(\d+)$/.exec(said.headers.range ?? '')?.[1]
    return { stored: last === undefined ? 0 : Number(last) + 1 }
  }

  /** Not what was sent: it must not stay. */
  async #checkWhole({ content }: Said, total: number | undefined): Promise<void> {
    const { size, generation } = resourceOf(content)
    if (size === total) return
    await removeObject(this.#store, this.#key, generation)
    throw unavailable(`the store made an object of ${size} bytes of an upload of ${total ?? 'more'}`)
  }
}

/** The bytes of a part from one on. */
export function* pieces({ slabs, length }: Part, from: number = 0): Generator<Buffer, void, undefined> {
  let start = 0
  for (const slab of slabs) {
    const end = Math.min(start + slab.length, length)
    if (end > from) yield slab.subarray(Math.max(from - start, 0), end - start)
    start = end
  }
}
