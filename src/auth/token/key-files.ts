import type { Log } from '../../registry/context.ts'
import { isUnchanged, stateOfFiles, type FileState } from '../../util/file-state.ts'
import { readSmallFile } from '../../util/small-file.ts'
import { parseKeyFiles, readKeyFiles, type KeyFileContents, type KeyFilePaths } from './load-keys.ts'
import type { TrustedKeys } from './trusted-keys.ts'

/** Milliseconds between two looks at the files. */
const interval = 1_000

export interface KeyFilesOptions extends KeyFilePaths {
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Bytes: thousands of certificates. */
const largest = 8 * 1024 * 1024

function readKeys(path: string): Promise<Buffer> {
  return readSmallFile(path, largest)
}

/** What the files were when they were last looked at. */
interface Seen {
  readonly state: FileState
  readonly contents: KeyFileContents
  readonly keys: TrustedKeys
}

/**
 * Reads the files.
 *
 * @throws Error in one line that begins with the key of the configuration
 */
export async function openKeyFiles(options: KeyFilesOptions): Promise<KeyFiles> {
  // Before the reading, so that whatever changes meanwhile is seen as a change later.
  const state = await stateOfFiles(pathsOf(options), options.now())
  const contents = await readKeyFiles(options, readKeys)
  const keys = await parseKeyFiles(options, contents)
  warnOfUnusable(keys, options.log)
  return new KeyFiles(options, { state, contents, keys })
}

/** The keys of those who sign tokens, as fresh as their files. What cannot be used leaves the keys as they were. */
export class KeyFiles {
  readonly #options: KeyFilesOptions
  #seen: Seen
  /** The state of files that could not be used, so that the log tells it once. */
  #refused: string | undefined
  #lookedAt: number
  #looking: Promise<void> | undefined

  constructor(options: KeyFilesOptions, seen: Seen) {
    this.#options = options
    this.#seen = seen
    this.#lookedAt = options.now()
  }

  /** Those that count now. Another object means other keys. */
  async current(): Promise<TrustedKeys> {
    // A clock that was set back counts as time gone by.
    const isDue = Math.abs(this.#options.now() - this.#lookedAt) >= interval
    if (isDue && this.#looking === undefined) {
      this.#lookedAt = this.#options.now()
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
      })
    }
    // Everybody waits for a look that is under way: a key that was withdrawn must not count because nobody came for an hour.
    if (this.#looking !== undefined) await this.#looking
    return this.#seen.keys
  }

  async #look(): Promise<void> {
    const { now, log } = this.#options
    const state = await stateOfFiles(pathsOf(this.#options), now())
    if (isUnchanged(this.#seen.state, state) && this.#refused === undefined) return
    try {
      const contents = await readKeyFiles(this.#options, readKeys)
      const keys = isSame(contents, this.#seen.contents)
        ? this.#seen.keys
        : await parseKeyFiles(this.#options, contents)
      if (keys !== this.#seen.keys || this.#refused !== undefined) {
        const usable = new Set(keys.byId.values()).size
        log.info({ certificates: keys.certificates.length, keys: usable }, 'token signing keys reloaded')
      }
      if (keys !== this.#seen.keys) warnOfUnusable(keys, log)
      this.#seen = { state, contents, keys }
      this.#refused = undefined
    } catch (error) {
      if (this.#refused === state.summary) return
      this.#refused = state.summary
      log.error({ err: error }, 'token signing keys not reloaded, the old ones stay in use')
    }
  }
}

function pathsOf({ rootcertbundle, jwks }: KeyFilePaths): readonly string[] {
  return [rootcertbundle, jwks].filter((path): path is string => path !== undefined && path !== '')
}

function warnOfUnusable({ unusable }: TrustedKeys, log: Log): void {
  if (unusable > 0) {
    log.warn({ keys: unusable }, 'token signing keys are too short or of an unknown kind, and are not used')
  }
}

function isSame(one: KeyFileContents, other: KeyFileContents): boolean {
  const pairs = [
    [one.bundle, other.bundle],
    [one.keySet, other.keySet],
  ] as const
  return pairs.every(([a, b]) => (a === undefined || b === undefined ? a === b : a.equals(b)))
}
