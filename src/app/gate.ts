import { checkRules } from '../access/check-rules.ts'
import { Groups } from '../access/groups.ts'
import { Policy } from '../access/policy.ts'
import type { Asking, Gate } from '../auth/gate.ts'
import { HtpasswdGate } from '../auth/htpasswd-gate.ts'
import { openHtpasswd, type LoginAttempt, type LoginState } from '../auth/htpasswd/htpasswd.ts'
import { createIssuer } from '../auth/issuer/issuer.ts'
import { IssuingGate } from '../auth/issuing-gate.ts'
import { Logins } from '../auth/logins.ts'
import { Rights } from '../auth/rights.ts'
import { SillyGate } from '../auth/silly-gate.ts'
import { TokenGate } from '../auth/token-gate.ts'
import { createTokenVerifier } from '../auth/token/token-verifier.ts'
import { accessRules } from '../config/access-rules.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { tokenPath } from '../http/route.ts'
import { standardError } from '../util/log-stderr.ts'
import type { Logger } from '../util/logger.ts'

export interface GateParts {
  readonly log: Logger
  /** Where values of the configuration come from: rules are told by their place. */
  readonly sources: LoadedConfig['sources']
  /** Whether the process starts, rather than reads its configuration again. */
  readonly isStart: boolean
  /** Of the process: what reloads must not forget. */
  readonly logins: LoginState
  /** Signs tokens where the configuration has no secret. */
  readonly secret: string
  readonly onLogin: (attempt: LoginAttempt) => void
  readonly onAttempt: (outcome: LoginAttempt['outcome']) => void
  /** Told of each request with a password. */
  readonly onPassword: (asking: Asking) => void
}

/**
 * Makes what finds out who sends a request; undefined when nobody is asked.
 *
 * @throws Error of one line, beginning with the key, when what it needs cannot be used
 */
export async function createGate(config: Config, parts: GateParts): Promise<Gate | undefined> {
  const { auth } = config
  switch (auth.name) {
    case 'silly':
      return new SillyGate(auth)
    case 'token': {
      const verifier = await createTokenVerifier({ ...auth, log: parts.log })
      const { realm, service, autoredirect, autoredirectpath } = auth
      const redirectPath = autoredirect ? autoredirectpath : undefined
      return new TokenGate({
        realm,
        service,
        redirectPath,
        verifier,
        rights: await createRights(config, parts),
      })
    }
    case 'htpasswd':
      return await createHtpasswdGate(config, auth, parts)
    case 'none':
      return undefined
    default:
      return unknownController(auth)
  }
}

/** One that nobody thought of here must not open the registry to everybody. */
function unknownController(auth: never): never {
  throw new Error(`auth: no such access controller: ${JSON.stringify(auth)}`)
}

async function createHtpasswdGate(
  config: Config,
  { realm, path }: { readonly realm: string; readonly path: string },
  parts: GateParts,
): Promise<Gate> {
  const { log, onLogin, onAttempt, logins: state } = parts
  const htpasswd = await openHtpasswd({
    path,
    log,
    state,
    onLogin,
    onAttempt,
    ...(parts.isStart && { tell: standardError() }),
  })
  const logins = new Logins(htpasswd, parts.onPassword)
  const rights = await createRights(config, parts)
  if (rights?.policy.hasAnonymous !== true) return new HtpasswdGate({ realm, logins, rights })
  const { key, expires, service } = config.access.token
  const issuer = await createIssuer({
    ...(config.http.secret !== undefined && { secret: config.http.secret }),
    processSecret: parts.secret,
    ...(key !== undefined && { keyFile: key }),
    service,
    expires,
    log,
  })
  return new IssuingGate({ realm, logins, rights, issuer, path: tokenPath })
}

async function createRights({ access, auth }: Config, parts: GateParts): Promise<Rights | undefined> {
  const { groups: fixed, groupfile } = access
  const { log, sources } = parts
  const rules = accessRules(access, sources)
  if (rules.length === 0) return undefined
  const groups = await Groups.open({
    groups: fixed,
    ...(groupfile !== undefined && { file: groupfile }),
    rules,
    log,
  })
  const noticed = checkRules(rules, { groups: fixed, hasClaims: auth.name === 'token' })
  for (const warning of noticed) log.warn({ warning }, 'configuration')
  const policy = new Policy(rules, groups)
  return new Rights({ policy, groups, isDebug: () => log.isLevelEnabled('debug') })
}
