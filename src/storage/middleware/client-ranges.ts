import type { Log } from '../../registry/context.ts'
import { AddressRanges } from '../../util/address-ranges.ts'
import type { ReadNetworks } from './range-documents.ts'

export interface ClientRangesOptions {
  /** Where a cloud lists its networks, as JSON. */
  readonly url: string
  readonly read: ReadNetworks
  /** Milliseconds after which the list is read again. */
  readonly every: number
  readonly log: Log
  /** Milliseconds for the whole of an answer. */
  readonly deadline?: number
}

/** Amazon's list has some 2 MB. */
const mostBytes = 16 * 1024 * 1024
const defaultDeadline = 30_000
/** Milliseconds after which a list that could not be read is tried again, unless it is read more often anyhow. */
const again = 60_000

/**
 * The networks of a cloud, read now and then from where it lists them. What was read last counts until another list was; until the
 * first one, no client is in it, as in Distribution.
 */
export class ClientRanges {
  readonly #options: ClientRangesOptions
  #ranges = new AddressRanges([])
  #timer: NodeJS.Timeout | undefined
  #stopping: AbortController | undefined

  constructor(options: ClientRangesOptions) {
    this.#options = options
  }

  has(address: string): boolean {
    return this.#ranges.has(address)
  }

  /** Reads the list, without being waited for: a registry starts whatever others answer. */
  start(): void {
    if (this.#stopping !== undefined) return
    this.#stopping = new AbortController()
    void this.#update(this.#stopping.signal)
  }

  stop(): void {
    this.#stopping?.abort()
    this.#stopping = undefined
    clearTimeout(this.#timer)
  }

  async #update(stopped: AbortSignal): Promise<void> {
    const { every, log, url } = this.#options
    let wait = every
    try {
      this.#ranges = await this.#read(stopped)
    } catch (error) {
      if (stopped.aborted) return
      wait = Math.min(every, again)
      // The URL may hold a secret.
      log.warn({ host: new URL(url).host, reason: reasonOf(error) }, 'address ranges not read')
    }
    if (stopped.aborted) return
    this.#timer = setTimeout(() => void this.#update(stopped), wait).unref()
  }

  /** @throws Error */
  async #read(stopped: AbortSignal): Promise<AddressRanges> {
    const { read, deadline = defaultDeadline } = this.#options
    // Not AbortSignal.any and timeout: Node 20 may collect those as garbage before they fire.
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    const timer = setTimeout(() => controller.abort(new Error('no whole answer in time')), deadline)
    stopped.addEventListener('abort', stop, { once: true })
    try {
      const text = await this.#fetch(controller.signal)
      const ranges = new AddressRanges(read(parse(text)))
      if (ranges.size === 0) throw new Error('no list of networks, or none of the regions')
      return ranges
    } finally {
      clearTimeout(timer)
      stopped.removeEventListener('abort', stop)
    }
  }

  /** @throws Error */
  async #fetch(signal: AbortSignal): Promise<string> {
    const response = await fetch(this.#options.url, { signal })
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel()
      throw new Error(`status ${response.status}`)
    }
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > mostBytes) throw new Error(`larger than ${mostBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // Its own words quote what came.
    throw new Error('not JSON', { cause: error })
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  // What fetch throws says only that it failed.
  const { cause } = error
  if (error.message === 'fetch failed' && cause instanceof Error) return cause.message
  return error.message
}
