import { constants } from 'node:fs'
import { errnoOf } from '../failure.ts'
import { closeQuietly, fsync, open } from './calls.ts'

/**
 * Makes the entries of folders durable: fsync(2) of a file covers its bytes, not the name that leads to them.
 *
 * Many writers at once often end in one folder (such as `_layers/sha256`). Whoever comes while its fsync runs cannot
 * rely on that one, but shares the next with all who come meanwhile.
 */
export class FolderSync {
  readonly #running = new Map<string, Promise<void>>()
  readonly #waiting = new Map<string, Promise<void>>()

  /**
   * Returns when all that was in `folder` at the time of the call is durable.
   *
   * @throws the error of open(2) or fsync(2)
   */
  sync(folder: string): Promise<void> {
    const running = this.#running.get(folder)
    if (running === undefined) return this.#start(folder)
    const waiting = this.#waiting.get(folder)
    if (waiting !== undefined) return waiting
    const start = (): Promise<void> => {
      this.#waiting.delete(folder)
      return this.#start(folder)
    }
    const next = running.then(start, start)
    this.#waiting.set(folder, next)
    return next
  }

  #start(folder: string): Promise<void> {
    const running = syncFolder(folder).finally(() => this.#running.delete(folder))
    this.#running.set(folder, running)
    return running
  }
}

async function syncFolder(folder: string): Promise<void> {
  let descriptor: number
  try {
    descriptor = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    // Removed since, with what was in it: nothing is left that could be lost.
    if (errnoOf(error) === 'ENOENT') return
    throw error
  }
  try {
    await fsync(descriptor)
  } catch (error) {
    // Some network file systems sync no folders and say so; their servers keep entries by themselves.
    if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOTSUP') throw error
  } finally {
    closeQuietly(descriptor)
  }
}
