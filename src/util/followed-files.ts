import { isUnchanged, stateOfFiles, type FileState } from './file-state.ts'

export interface FollowedFilesOptions<T> {
  readonly paths: readonly string[]
  /**
   * Reads them. What cannot be used it throws, and the old value stays.
   *
   * @param old undefined at the start
   * @param isSettled none of them changed just now: false may be a file that is being written
   * @returns the old value itself where they hold no other
   */
  readonly read: (old: T | undefined, isSettled: boolean) => Promise<T>
  /** Milliseconds between two looks at them. 0: whoever asks gets what they hold after he asked. */
  readonly interval: number
  /** Milliseconds that somebody waits for the file system at most. Default: 1 s. */
  readonly patience?: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of every other value, and when files that could not be used can be used again. Must not throw. */
  readonly onChange?: (value: T, change: FilesChange) => void
  /** Told once for each change why files cannot be used. Must not throw. */
  readonly onFailure?: (error: unknown) => void
  readonly look?: typeof stateOfFiles
}

/** At least one of them is true. */
export interface FilesChange {
  readonly isOther: boolean
  /** The last time a failure was told. */
  readonly isRecovery: boolean
}

interface Look<T> {
  readonly ended: Promise<void>
  /** The value then, or the old one when that takes too long. */
  readonly answer: Promise<T>
}

/** Milliseconds. */
const defaultPatience = 1_000

/** It passes in parts, between which answers are taken: a process that was held up is no file system that hangs. */
const patienceParts = 10

/**
 * What files hold, as they change. They are looked at when somebody asks, for `fs.watch` notices neither what happens behind a link
 * nor on many mounts. Files that are bad or gone change nothing: a registry that nobody can use is no better than one with old users.
 */
export class FollowedFiles<T> {
  readonly #options: FollowedFilesOptions<T>
  #value: T
  /** That of the files when the value was read. */
  #state: FileState
  /** Why they cannot be used now, as it was told. */
  #failure: string | undefined
  #lookedAt: number
  #running: Look<T> | undefined
  #next: Look<T> | undefined

  /** @throws what `read` throws */
  static async open<T>(options: FollowedFilesOptions<T>): Promise<FollowedFiles<T>> {
    const { paths, read, now, look = stateOfFiles } = options
    const at = now()
    // Before the reading, so that whatever changes meanwhile is seen as a change later.
    const state = await look(paths, at)
    return new FollowedFiles(options, await read(undefined, state.isSettled), state, at)
  }

  private constructor(options: FollowedFilesOptions<T>, value: T, state: FileState, lookedAt: number) {
    this.#options = options
    this.#value = value
    this.#state = state
    this.#lookedAt = lookedAt
  }

  /** The latest, without a look. */
  get latest(): T {
    return this.#value
  }

  /**
   * The value after a look at the files, if one is due or under way. All who ask meanwhile share it, and none waits longer than the
   * patience: a file system that hangs must not hold up everybody. Rejects for nothing that files do.
   */
  current(): Promise<T> {
    if (this.#running === undefined)
      return this.#isDue() ? this.#begin().answer : Promise.resolve(this.#value)
    if (this.#options.interval > 0) return this.#running.answer
    this.#next ??= this.#share(
      this.#running.ended.then(() => {
        this.#next = undefined
        return (this.#running ?? this.#begin()).ended
      }),
    )
    return this.#next.answer
  }

  #isDue(): boolean {
    // A clock that was set back must not stop the looks.
    return Math.abs(this.#options.now() - this.#lookedAt) >= this.#options.interval
  }

  #begin(): Look<T> {
    const { now, patience = defaultPatience } = this.#options
    this.#lookedAt = now()
    const ended = this.#look().finally(() => {
      this.#running = undefined
    })
    const tell = (): void =>
      this.#fail(new Error(`the file system does not answer within ${patience} ms`), '')
    this.#running = this.#share(ended, tell)
    return this.#running
  }

  async #look(): Promise<void> {
    const { paths, read, now, onChange, look = stateOfFiles } = this.#options
    const state = await look(paths, now())
    // Bad ones are read at each look: that they are again what they were is told too.
    if (this.#failure === undefined && isUnchanged(this.#state, state)) return
    let value: T
    try {
      value = await read(this.#value, state.isSettled)
    } catch (error) {
      this.#fail(error, state.summary)
      return
    }
    const change = { isOther: value !== this.#value, isRecovery: this.#failure !== undefined }
    this.#value = value
    this.#state = state
    this.#failure = undefined
    if (change.isOther || change.isRecovery) onChange?.(value, change)
  }

  #share(ended: Promise<void>, onImpatience?: () => void): Look<T> {
    const { patience = defaultPatience } = this.#options
    const answer = new Promise<T>((resolve, reject) => {
      let parts = patienceParts
      const timer = setInterval(() => {
        if ((parts -= 1) > 0) return
        clearInterval(timer)
        onImpatience?.()
        resolve(this.#value)
      }, patience / patienceParts)
      ended.finally(() => clearInterval(timer)).then(() => resolve(this.#value), reject)
    })
    return { ended, answer }
  }

  #fail(error: unknown, summary: string): void {
    const failure = `${summary} ${String(error)}`
    if (failure === this.#failure) return
    this.#failure = failure
    this.#options.onFailure?.(error)
  }
}
