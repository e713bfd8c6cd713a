import type { Subject } from '../access/rule.ts'
import type { Action, Caller } from '../registry/access.ts'
import { isRepositoryName } from '../registry/name.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { byScopes } from './callers.ts'
import { basicChallenge, bearerChallenge, scopesOf } from './challenge.ts'
import { parseCredentials } from './credentials.ts'
import type { Asking, Gate, Refused, TokenService } from './gate.ts'
import type { Login } from './htpasswd/htpasswd.ts'
import type { Issuer } from './issuer/issuer.ts'
import { grantedScopes, parseTokenRequest, tokenAnswer } from './issuer/token-request.ts'
import type { Logins } from './logins.ts'
import type { Rights } from './rights.ts'

export interface IssuingGateOptions {
  readonly realm: string
  readonly logins: Logins
  readonly rights: Rights
  readonly issuer: Issuer
  /** Of the token service. */
  readonly path: string
}

/**
 * Lets in with user and password, with a token of its own, and without either, as far as the rules go. The classic docker
 * daemon learns from `/v2/` alone how to log in; only where it is sent for a token can it be served without a password too.
 */
export class IssuingGate implements Gate {
  readonly tokens: TokenService
  readonly #options: IssuingGateOptions

  constructor(options: IssuingGateOptions) {
    this.#options = options
    this.tokens = {
      challenge: basicChallenge(options.realm),
      answer: (asking, query) => this.#issue(asking, query),
    }
  }

  async admit(asking: Asking): Promise<Caller> {
    const { rights } = this.#options
    const credentials = parseCredentials(asking.authorization)
    if (credentials.kind === 'bearer') return await this.#byToken(credentials.token)
    const { name } = (await this.#login(asking)) ?? {}
    return await rights.caller(name === undefined ? {} : { name })
  }

  challenge({ accesses, reason, ownUrl }: Refused): string {
    const { issuer, path } = this.#options
    return bearerChallenge({
      realm: ownUrl(path),
      service: issuer.service,
      scopes: scopesOf(accesses),
      ...(reason !== undefined && { error: reason }),
    })
  }

  /** A token takes from its user's rights and adds none: they are looked up anew with each request. */
  async #byToken(token: string): Promise<Caller> {
    const { issuer, logins, rights } = this.#options
    const { name, stamp, scopes } = await issuer.verify(token)
    if (name === undefined) return byScopes(scopes, await rights.caller({}))
    if (!(await logins.isCurrent({ name, stamp: stamp ?? '' }))) {
      const cause = new Error('the user of the token is gone, or has another password')
      throw new Unauthorized({ reason: 'invalid_token', cause })
    }
    return byScopes(scopes, await rights.caller({ name }))
  }

  async #issue(asking: Asking, query: URLSearchParams): Promise<object> {
    const { issuer, rights } = this.#options
    const asked = parseTokenRequest(query).scopes
    const login = await this.#login(asking)
    const subject: Subject = login === undefined ? {} : { name: login.name }
    const caller = await rights.caller(subject)
    const scopes = grantedScopes(asked, (type, name, action) => mayHave(caller, type, name, action))
    return tokenAnswer(await issuer.issue({ ...login, scopes }))
  }

  /** Undefined without credentials. */
  async #login(asking: Asking): Promise<Login | undefined> {
    const credentials = parseCredentials(asking.authorization)
    if (credentials.kind === 'none') return undefined
    if (credentials.kind === 'basic') return await this.#options.logins.login(credentials, asking)
    throw new Unauthorized({ cause: new Error('not user and password') })
  }
}

/** Whether a token may say so. The rules are asked again when it is used. */
function mayHave(caller: Caller, type: string, name: string, action: string): boolean {
  if (type === 'registry')
    return name === 'catalog' && action === '*' && caller.judge({ kind: 'catalog' }) === 'allowed'
  if (type !== 'repository' || !isRepositoryName(name)) return false
  const may = (wanted: Action): boolean =>
    caller.judge({ kind: 'repository', repository: name, action: wanted }) === 'allowed'
  // The list of tags is asked for with `pull`.
  if (action === 'pull') return may('pull') || may('list')
  return (action === 'push' || action === 'delete') && may(action)
}
