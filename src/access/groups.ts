import type { Log } from '../registry/context.ts'
import { fileProblem } from '../util/file-problem.ts'
import { FollowedFiles } from '../util/followed-files.ts'
import { parseGroups, readGroupFile, type GroupMap } from './group-file.ts'
import type { GroupMembers } from './group-members.ts'
import { placeRule, type Rule } from './rule.ts'

export interface GroupsOptions {
  /** The groups of the configuration. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** The path of a file with more of them. */
  readonly file?: string
  /** Whose groups must be there. */
  readonly rules?: readonly Rule[]
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

interface ReadGroups {
  readonly text: string
  readonly groups: GroupMap
}

/** Milliseconds between two looks at the file. */
const interval = 1_000

/** Who is in which group: by the configuration, or by the file, which is followed as it changes. */
export class Groups implements GroupMembers {
  readonly #fixed: GroupMap
  readonly #files: FollowedFiles<ReadGroups> | undefined

  private constructor(fixed: GroupsOptions['groups'], files: FollowedFiles<ReadGroups> | undefined) {
    this.#fixed = new Map(Object.entries(fixed).map(([name, members]) => [name, new Set(members)]))
    this.#files = files
  }

  /**
   * A group that goes missing later has nobody in it from then on, which is one error in the log.
   *
   * @throws Error with a line for the user, when the file cannot be used, or a group of the rules is nowhere: misspelt, it would have
   *   no members, and what its rule was meant to close might be open
   */
  static async open({ groups, file, rules = [], log, now = Date.now }: GroupsOptions): Promise<Groups> {
    const wanted = groupsOf(rules).filter(({ name }) => !Object.hasOwn(groups, name))
    const missing = new Missing(
      wanted.map(({ name }) => name),
      log,
    )
    const files = file === undefined ? undefined : await follow(file, missing, log, now)
    const opened = new Groups(groups, files)
    const none = wanted.find(({ name }) => !opened.knows(name))
    if (none === undefined) return opened
    throw new Error(
      placeRule(none.rule, `group:${none.name} is neither in access.groups nor in access.groupfile`),
    )
  }

  has(group: string, user: string): boolean {
    return (
      this.#fixed.get(group)?.has(user) === true || this.#files?.latest.groups.get(group)?.has(user) === true
    )
  }

  /** Whether there is a group of that name. */
  knows(group: string): boolean {
    return this.#fixed.has(group) || this.#files?.latest.groups.has(group) === true
  }

  /**
   * Looks at the file again, at most once a second, and waits for it, unless the file system hangs. A file that cannot be used leaves
   * the groups as they are, and one error in the log. Never throws.
   */
  async refresh(): Promise<void> {
    await this.#files?.current()
  }
}

/** The groups that rules name, each with the first that does. */
function groupsOf(rules: readonly Rule[]): readonly { readonly name: string; readonly rule: Rule }[] {
  const found = new Map<string, Rule>()
  for (const rule of rules)
    for (const who of rule.who) if (who.kind === 'group' && !found.has(who.name)) found.set(who.name, rule)
  return [...found].map(([name, rule]) => ({ name, rule }))
}

/** Tells once of each group that goes missing. */
class Missing {
  readonly #wanted: readonly string[]
  readonly #log: Log
  #missing: ReadonlySet<string> = new Set()

  constructor(wanted: readonly string[], log: Log) {
    this.#wanted = wanted
    this.#log = log
  }

  look(file: string, groups: GroupMap): void {
    const missing = this.#wanted.filter((name) => !groups.has(name))
    for (const group of missing)
      if (!this.#missing.has(group))
        this.#log.error({ file, group }, 'a group that rules name is gone: nobody is in it')
    this.#missing = new Set(missing)
  }
}

async function follow(
  file: string,
  missing: Missing,
  log: Log,
  now: () => number,
): Promise<FollowedFiles<ReadGroups>> {
  // A file that is being written lacks groups, and what a rule denies them would be open meanwhile. So it is taken when it has been
  // left alone for a while, or when two looks saw the same.
  let unsettled: string | undefined
  try {
    return await FollowedFiles.open<ReadGroups>({
      paths: [file],
      interval,
      now,
      read: async (old, isSettled) => {
        const text = await readGroupFile(file)
        if (old === undefined) return { text, groups: parseGroups(text) }
        const isSeenTwice = text === unsettled
        unsettled = text
        if (text === old.text || !(isSettled || isSeenTwice)) return old
        const groups = parseGroups(text)
        // Who writes a file empties it first.
        return groups.size === 0 && !isSettled ? old : { text, groups }
      },
      onChange: ({ groups }) => {
        log.info({ file, groups: groups.size }, 'groups reloaded')
        missing.look(file, groups)
      },
      onFailure: (error) =>
        log.error({ file, reason: fileProblem(error) }, 'groups not reloaded, the old ones stay'),
    })
  } catch (error) {
    throw new Error(`access.groupfile: ${file}: ${fileProblem(error)}`, { cause: error })
  }
}
