import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Watches how much room a folder takes while a server works in it. */
export class DiskWatch {
  readonly #folder: string
  readonly #stopped = new AbortController()
  #before = 0
  #most = 0
  #watching: Promise<void> | undefined

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Notes what the folder takes now, which later figures leave out. */
  static async on(folder: string): Promise<DiskWatch> {
    const watch = new DiskWatch(folder)
    watch.#before = await bytesBelow(folder)
    return watch
  }

  /** Looks once, then again and again until `stop`. */
  async start(): Promise<void> {
    await this.#look()
    this.#watching = this.#watch()
  }

  /** The most it took between start and stop, in bytes. */
  async stop(): Promise<number> {
    this.#stopped.abort()
    await this.#watching
    return this.#most
  }

  async #watch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#look()
      await delay(20)
    }
  }

  async #look(): Promise<void> {
    this.#most = Math.max(this.#most, (await bytesBelow(this.#folder)) - this.#before)
  }
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await bytesBelow(path)
    // What vanishes meanwhile takes nothing.
    else
      bytes += await lstat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      )
  }
  return bytes
}
