import type { Log } from '../../registry/context.ts'
import { isUnchanged, stateOfFiles, type FileState } from '../../util/file-state.ts'
import { fileProblem, readSmallFile } from '../../util/small-file.ts'
import { largestHtpasswd, parseHtpasswd, type HtpasswdProblem } from './htpasswd-file.ts'
import { parsePasswordHash } from './password-hash.ts'

/** Who is in a password file. */
export interface UserTable {
  /** By name: bcrypt hashes, as they are written. */
  readonly hashes: ReadonlyMap<string, string>
  /** bcrypt's, that most of them have. */
  readonly cost: number
}

export interface UsersOptions {
  readonly path: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface FileReading {
  readonly text: string
  /** From before the reading, so that whatever changes meanwhile is seen as a change later. */
  readonly state: FileState
}

/** Of the entry that Berth makes itself. */
export const defaultCost = 10

/** Bad lines that are told one by one. */
const mostTold = 20

/**
 * The users of a password file, as they are on disk: it is looked at whenever they are asked for. A file that is gone or cannot be
 * read changes nothing, for a registry that nobody can use is no better than one with old users.
 */
export class Users {
  readonly #options: UsersOptions
  #reading: FileReading
  #table: UserTable
  /** Why the file cannot be read, if so: what the log was told already. */
  #failure: string | undefined
  #running: Promise<UserTable> | undefined
  #next: Promise<UserTable> | undefined

  /** @throws Error of the file system, or of what is no such file */
  static async open(options: UsersOptions): Promise<Users> {
    return new Users(options, await read(options.path, options.now()))
  }

  private constructor(options: UsersOptions, reading: FileReading) {
    this.#options = options
    this.#reading = reading
    this.#table = this.#parse(reading.text)
  }

  /** As they are on disk now. All who ask while the file is looked at share one look, which begins after they asked. */
  look(): Promise<UserTable> {
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.#begin()
    })
    return this.#next
  }

  #begin(): Promise<UserTable> {
    this.#running ??= this.#refresh().finally(() => (this.#running = undefined))
    return this.#running
  }

  async #refresh(): Promise<UserTable> {
    const { path, log, now } = this.#options
    try {
      const known = this.#reading.state
      if (!isUnchanged(known, await stateOfFiles([path], now()))) this.#take(await read(path, now()))
      if (this.#failure !== undefined) log.info({ path }, 'the password file can be read again')
      this.#failure = undefined
    } catch (error) {
      const reason = fileProblem(error)
      if (reason !== this.#failure) log.error({ path, reason }, 'password file not read, the old users stay')
      this.#failure = reason
    }
    return this.#table
  }

  #take(reading: FileReading): void {
    // Apache's tool copies over the old file, which is empty for a moment. If that is meant, it is empty in two seconds, too.
    if (reading.text === '' && !reading.state.isSettled && this.#table.hashes.size > 0) return
    const isChanged = reading.text !== this.#reading.text
    this.#reading = reading
    if (!isChanged) return
    const { path, log } = this.#options
    this.#table = this.#parse(reading.text)
    log.info({ path, users: this.#table.hashes.size }, 'password file read again')
  }

  #parse(text: string): UserTable {
    const { users, problems } = parseHtpasswd(text)
    this.#warn(problems)
    const { path, log } = this.#options
    if (users.size === 0) log.warn({ path }, 'nobody in the password file can log in')
    return { hashes: users, cost: commonCost(users.values()) }
  }

  #warn(problems: readonly HtpasswdProblem[]): void {
    const { path, log } = this.#options
    for (const { line, text } of problems.slice(0, mostTold)) {
      log.warn({ path, line, reason: text }, 'line of the password file ignored')
    }
    const more = problems.length - mostTold
    if (more > 0) log.warn({ path, lines: more }, 'more lines of the password file ignored')
  }
}

async function read(path: string, now: number): Promise<FileReading> {
  const state = await stateOfFiles([path], now)
  return { text: (await readSmallFile(path, largestHtpasswd)).toString('utf8'), state }
}

function commonCost(hashes: Iterable<string>): number {
  const counts = new Map<number, number>()
  let common = defaultCost
  for (const hash of hashes) {
    const parsed = parsePasswordHash(hash)
    if (parsed.kind !== 'bcrypt') continue
    const count = (counts.get(parsed.cost) ?? 0) + 1
    counts.set(parsed.cost, count)
    if (count > (counts.get(common) ?? 0)) common = parsed.cost
  }
  return common
}
