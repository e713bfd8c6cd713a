import type { Log } from '../registry/context.ts'
import { isUnchanged, stateOfFiles, type FileState } from '../util/file-state.ts'
import { fileProblem } from '../util/small-file.ts'
import { readGroups, type GroupMap } from './group-file.ts'
import type { GroupMembers } from './group-members.ts'

export interface GroupsOptions {
  /** The groups of the configuration. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** The path of a file with more of them. */
  readonly file?: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly look?: typeof stateOfFiles
  readonly read?: typeof readGroups
}

/** Milliseconds between two looks at the file. */
const lookInterval = 1_000

const done = Promise.resolve()

/** Who is in which group: by the configuration, or by the file, which is followed as it changes. */
export class Groups implements GroupMembers {
  readonly #fixed: GroupMap
  readonly #file: string | undefined
  readonly #log: Log
  readonly #now: () => number
  readonly #lookAt: typeof stateOfFiles
  readonly #readFrom: typeof readGroups
  #read: GroupMap = new Map()
  /** What the file was when it was last read, well or not. */
  #seen: FileState = { summary: '', isSettled: true }
  /** It could not be used then. */
  #isBad = false
  #lookedAt = 0
  #looking: Promise<void> | undefined

  private constructor({
    groups,
    file,
    log,
    now = Date.now,
    look = stateOfFiles,
    read = readGroups,
  }: GroupsOptions) {
    this.#fixed = new Map(Object.entries(groups).map(([name, members]) => [name, new Set(members)]))
    this.#file = file
    this.#log = log
    this.#now = now
    this.#lookAt = look
    this.#readFrom = read
  }

  /** @throws Error with a line for the user, when the file cannot be used */
  static async open(options: GroupsOptions): Promise<Groups> {
    const groups = new Groups(options)
    const { file } = options
    if (file === undefined) return groups
    const now = groups.#now()
    groups.#seen = await groups.#lookAt([file], now)
    groups.#lookedAt = now
    try {
      groups.#read = await groups.#readFrom(file)
    } catch (error) {
      throw new Error(`access.groupfile: ${file}: ${fileProblem(error)}`, { cause: error })
    }
    return groups
  }

  has(group: string, user: string): boolean {
    return this.#fixed.get(group)?.has(user) === true || this.#read.get(group)?.has(user) === true
  }

  /** Whether there is a group of that name. */
  knows(group: string): boolean {
    return this.#fixed.has(group) || this.#read.has(group)
  }

  /**
   * Looks at the file again, at most once a second, and waits for the look that is under way unless it takes longer than that: a
   * file system that hangs must not hold up everybody. A file that cannot be used leaves the groups as they are, and one error in
   * the log. Never throws.
   */
  refresh(): Promise<void> {
    if (this.#file === undefined) return done
    const now = this.#now()
    // A clock that was set back must not stop the looks.
    if (Math.abs(now - this.#lookedAt) < lookInterval) return this.#looking ?? done
    if (this.#looking !== undefined) return done
    this.#lookedAt = now
    this.#looking = this.#look(this.#file, now).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(file: string, now: number): Promise<void> {
    const look = await this.#lookAt([file], now)
    const isSame = look.summary === this.#seen.summary
    if (isUnchanged(this.#seen, look) && !this.#isBad) return
    this.#seen = look
    try {
      this.#read = await this.#readFrom(file)
      if (!isSame || this.#isBad) this.#log.info({ file, groups: this.#read.size }, 'groups reloaded')
      this.#isBad = false
    } catch (error) {
      if (!isSame || !this.#isBad)
        this.#log.error({ file, reason: fileProblem(error) }, 'groups not reloaded, the old ones stay')
      this.#isBad = true
    }
  }
}
