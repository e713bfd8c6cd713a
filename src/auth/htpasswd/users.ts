import type { Log } from '../../registry/context.ts'
import { fileProblem } from '../../util/file-problem.ts'
import { FollowedFiles } from '../../util/followed-files.ts'
import { readSmallFile } from '../../util/small-file.ts'
import { warnOfCosts } from './cost-warnings.ts'
import { largestHtpasswd, parseHtpasswd } from './htpasswd-file.ts'
import { costOf } from './password-hash.ts'

/** Who is in a password file. */
export interface UserTable {
  /** By name: bcrypt hashes, as they are written. */
  readonly hashes: ReadonlyMap<string, string>
  /** bcrypt's, of each of them; that of an entry of our own where there are none. */
  readonly costs: readonly number[]
}

export interface UsersOptions {
  readonly path: string
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface ReadTable extends UserTable {
  readonly text: string
}

/** Of the entry that Berth makes itself. */
export const defaultCost = 10

/** Bad lines that are told one by one. */
const mostTold = 20

/** The users of a password file, as they are on disk: it is looked at whenever they are asked for. */
export class Users {
  readonly #files: FollowedFiles<ReadTable>

  /** @throws Error of the file system, or of what is no such file */
  static async open(options: UsersOptions): Promise<Users> {
    const { path, log, now } = options
    const files = await FollowedFiles.open<ReadTable>({
      paths: [path],
      interval: 0,
      now,
      read: async (old, isSettled) => {
        const text = (await readSmallFile(path, largestHtpasswd)).toString('utf8')
        if (old === undefined) return parse(text, options)
        // Apache's tool copies over the old file, which is empty for a moment. If that is meant, it is empty in two seconds, too.
        const isCopied = text === '' && !isSettled && old.hashes.size > 0
        return isCopied || text === old.text ? old : parse(text, options)
      },
      onChange: ({ hashes }, { isOther, isRecovery }) => {
        if (isOther) log.info({ path, users: hashes.size }, 'password file read again')
        if (isRecovery) log.info({ path }, 'the password file can be read again')
      },
      onFailure: (error) =>
        log.error({ path, reason: fileProblem(error) }, 'password file not read, the old users stay'),
    })
    return new Users(files)
  }

  private constructor(files: FollowedFiles<ReadTable>) {
    this.#files = files
  }

  /** As they are on disk now. All who ask while the file is looked at share one look, which begins after they asked. */
  look(): Promise<UserTable> {
    return this.#files.current()
  }
}

function parse(text: string, { path, log }: UsersOptions): ReadTable {
  const { users, problems } = parseHtpasswd(text)
  for (const { line, text: reason } of problems.slice(0, mostTold)) {
    log.warn({ path, line, reason }, 'line of the password file ignored')
  }
  const more = problems.length - mostTold
  if (more > 0) log.warn({ path, lines: more }, 'more lines of the password file ignored')
  if (users.size === 0) log.warn({ path }, 'nobody in the password file can log in')
  const costs = Array.from(users.values(), costOf)
  warnOfCosts(costs, { path, log })
  return { text, hashes: users, costs: costs.length > 0 ? costs : [defaultCost] }
}
