import type { Caller } from '../registry/access.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { unlimited } from './callers.ts'
import { basicChallenge } from './challenge.ts'
import { parseCredentials } from './credentials.ts'
import type { Asking, Gate } from './gate.ts'
import type { Logins } from './logins.ts'
import type { Rights } from './rights.ts'

export interface HtpasswdGateOptions {
  readonly realm: string
  readonly logins: Logins
  /** Absent: whoever is let in may do everything. */
  readonly rights: Rights | undefined
}

/** Asks for user and password (`auth.htpasswd`), as long as nobody is let in without. */
export class HtpasswdGate implements Gate {
  readonly #options: HtpasswdGateOptions

  constructor(options: HtpasswdGateOptions) {
    this.#options = options
  }

  async admit(asking: Asking): Promise<Caller> {
    const { logins, rights } = this.#options
    const credentials = parseCredentials(asking.authorization)
    if (credentials.kind !== 'basic') {
      const hasSome = credentials.kind !== 'none'
      throw new Unauthorized(hasSome ? { cause: new Error('not user and password') } : {})
    }
    const { name } = await logins.login(credentials, asking)
    return rights === undefined ? unlimited(name) : await rights.caller({ name })
  }

  challenge(): string {
    return basicChallenge(this.#options.realm)
  }
}
