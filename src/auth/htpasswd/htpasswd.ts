import { createHash } from 'node:crypto'
import type { Log } from '../../registry/context.ts'
import { RegistryError } from '../../registry/errors.ts'
import { addressKey } from '../../util/client-address.ts'
import { codeOf, fileProblem } from '../../util/file-problem.ts'
import { Unauthorized } from '../../registry/unauthorized.ts'
import { LoginReports, type LoginAttempt } from './login-reports.ts'
import { createLoginState, type LoginState } from './login-state.ts'
import { comparableHash, costOf, dummyHash, slowCost } from './password-hash.ts'
import { provisionHtpasswd } from './provision.ts'
import type { Login, Remembered } from './remembered.ts'
import { defaultCost, Users } from './users.ts'

export { createLoginState }
export type { Login, LoginAttempt, LoginState }

const noUser = 'no such user, or none with a bcrypt hash'
const wrongPassword = 'wrong password'
const wrongAgain = 'the same wrong password as before'

/** Whether a bcrypt hash, under the name `$2b$`, is of that password. */
export type Compare = (password: string, hash: string) => Promise<boolean>

export interface HtpasswdOptions {
  readonly path: string
  readonly log: Log
  /**
   * Writes to standard error, beside the log: the password of a file that is missing, and is made. Absent: it is not made, for a
   * running registry that lost its file must not get a new one.
   */
  readonly tell?: (text: string) => void
  /**
   * Told of attempts, but of throttled ones only about once a second and address. The first login from an address is one, also when
   * it cost no compare; what is remembered from there, right or wrong, is none. Must not throw.
   */
  readonly onLogin?: (attempt: LoginAttempt) => void
  /** Told of every attempt, for counting. Must not throw. */
  readonly onAttempt?: (outcome: LoginAttempt['outcome']) => void
  /** That of an earlier one, which a reload replaces. */
  readonly state?: LoginState
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly compare?: Compare
}

interface Asked {
  readonly user: string
  readonly password: string
  readonly client: string | undefined
  readonly address: string
  /** The user's, if he has one. */
  readonly hash: string | undefined
  /** What is compared with instead. */
  readonly dummy: () => string
  /** Of the credentials and the hash. */
  readonly digest: string
}

/**
 * Opens a password file (`auth.htpasswd.path`), and makes it where there is none.
 *
 * @throws Error in one line: `auth.htpasswd.path: /x: permission denied`
 */
export async function openHtpasswd(options: HtpasswdOptions): Promise<Htpasswd> {
  const { path, log, tell, now = Date.now } = options
  const open = (): Promise<Users> => Users.open({ path, log, now })
  try {
    const users = await open().catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT' || tell === undefined) throw error
      await provisionHtpasswd({ path, tell }).catch((failure: unknown) => {
        throw new Error(`no such file, and none could be made: ${fileProblem(failure)}`, { cause: failure })
      })
      return await open()
    })
    return new Htpasswd(users, options)
  } catch (error) {
    throw new Error(`auth.htpasswd.path: ${path}: ${fileProblem(error)}`, { cause: error })
  }
}

/** Finds out whether a password is right, and sees to it that finding out by trying takes long. */
export class Htpasswd {
  readonly #users: Users
  readonly #state: LoginState
  readonly #reports: LoginReports
  readonly #compare: Compare
  /** Attempts that are under way, by digest and address; and compares, by digest. */
  readonly #attempts = new Map<string, Promise<Login>>()
  readonly #compares = new Map<string, Promise<boolean>>()

  constructor(users: Users, options: Omit<HtpasswdOptions, 'path' | 'tell'>) {
    this.#users = users
    this.#state = options.state ?? createLoginState(options.now)
    this.#reports = new LoginReports(options)
    this.#compare = options.compare ?? compareByBcrypt
  }

  /**
   * Gives the user whose password this is. Whoever is refused learns nothing by how, nor by how long it took.
   *
   * @param client the address that it came from; undefined for a unix socket
   * @throws Unauthorized, whose cause says why; RegistryError TOO_MANY_REQUESTS with `retryAfter` in seconds
   */
  async login(user: string, password: string, client: string | undefined): Promise<Login> {
    const { remembered, throttle } = this.#state
    const { hashes, costs } = await this.#users.look()
    const address = addressKey(client)
    const hash = hashes.get(user)
    const digest = remembered.digest(user, hash ?? '', password)
    const login = remembered.get(digest)
    // What was right from here is never throttled. From elsewhere it is, else anybody could guess as fast as he likes while its
    // user is at work.
    const isProven = remembered.isProven(digest, address)
    if (login !== undefined && isProven) return login
    if (remembered.isRefused(digest, address)) throw refusal(wrongAgain)

    const key = `${digest} ${address}`
    const underway = this.#attempts.get(key)
    if (underway !== undefined) return await underway
    const barred = isProven ? undefined : throttle.barred(user, address)
    if (barred !== undefined) {
      this.#reports.report({ outcome: 'throttled', user, client, reason: barred.reason }, address)
      const { retryAfter } = barred
      throw new RegistryError('TOO_MANY_REQUESTS', {
        message: `too many failed logins: try again in ${retryAfter} s`,
        retryAfter,
      })
    }
    if (login !== undefined) {
      remembered.prove(digest, address)
      throttle.know(user, address)
      this.#reports.report({ outcome: 'accepted', user, client }, address)
      return login
    }
    const asked = {
      user,
      password,
      client,
      address,
      hash,
      dummy: () => dummyOf(remembered, user, costs),
      digest,
    }
    return await shared(this.#attempts, key, () => this.#attempt(asked))
  }

  /** Changes with the user's entry, and is the same in every process; undefined when there is no such user. */
  async stamp(user: string): Promise<string | undefined> {
    const hash = (await this.#users.look()).hashes.get(user)
    return hash === undefined ? undefined : stampOf(user, hash)
  }

  async #attempt(asked: Asked): Promise<Login> {
    const { user, client, address, hash, digest } = asked
    const { remembered, throttle } = this.#state
    const end = throttle.begin(user, address)
    let isRight: boolean
    try {
      isRight = await this.#verify(asked)
    } catch (error) {
      end('dropped')
      if (error instanceof RegistryError) {
        this.#reports.report(
          { outcome: 'throttled', user, client, reason: 'too many logins at once' },
          address,
        )
      }
      throw error
    }
    if (hash === undefined || !isRight) {
      const reason = hash === undefined ? noUser : wrongPassword
      end('failed')
      remembered.refuse(digest, address)
      this.#reports.report({ outcome: 'refused', user, client, reason }, address)
      throw refusal(reason)
    }
    end('succeeded')
    const login = { name: user, stamp: stampOf(user, hash) }
    remembered.add(digest, login)
    remembered.prove(digest, address)
    this.#reports.report({ outcome: 'accepted', user, client }, address)
    return login
  }

  /** One compare for all who ask the same at once, wherever they are: a fleet that starts. */
  async #verify({ user, password, address, hash, dummy, digest }: Asked): Promise<boolean> {
    const { queue, slowQueue, throttle } = this.#state
    const comparable = comparableHash(hash ?? dummy())
    const waiting = { address, isKnown: throttle.isKnown(user, address) }
    const compare = (): Promise<boolean> => queue.run(waiting, () => this.#compare(password, comparable))
    const isSlow = costOf(comparable) > slowCost
    return await shared(this.#compares, digest, () => (isSlow ? slowQueue.run(waiting, compare) : compare()))
  }
}

function refusal(reason: string): Unauthorized {
  return new Unauthorized({ cause: new Error(reason) })
}

/**
 * What an unknown user's password is compared with: as costly as somebody's in the file, whose is always the same for one name, so that
 * in a file of mixed costs, too, time does not tell who is in it.
 */
function dummyOf(remembered: Remembered, user: string, costs: readonly number[]): string {
  const chosen = Buffer.from(remembered.digest(user, '', ''), 'base64url').readUInt32BE(0) % costs.length
  return dummyHash(costs[chosen] ?? defaultCost)
}

/** Starts what is not under way by that name. */
async function shared<T>(
  underway: Map<string, Promise<T>>,
  key: string,
  start: () => Promise<T>,
): Promise<T> {
  const started = underway.get(key) ?? start().finally(() => underway.delete(key))
  underway.set(key, started)
  return await started
}

function stampOf(user: string, hash: string): string {
  return createHash('sha256').update(`${user}:${hash}`).digest('hex').slice(0, 16)
}

async function compareByBcrypt(password: string, hash: string): Promise<boolean> {
  const { compare } = await import('bcrypt')
  return await compare(password, hash)
}
