import { RegistryError } from '../../registry/errors.ts'
import { parseScope, type ResourceScope } from '../scope.ts'
import type { IssuedToken } from './issuer.ts'

/**
 * What a client asks of a token service (Distribution's "Docker Registry Token Authentication", the GET form). Its `account` is what it
 * says it is, and only its credentials count; its `service` is not looked at, since a token of this registry is good for this one alone.
 */
export interface TokenRequest {
  /** In the order in which they were asked for. None: it wants to know whether its credentials are good. */
  readonly scopes: readonly ResourceScope[]
}

/** A token goes along with every request, so that it must stay well below what a header may be. */
const mostScopes = 100

/** Characters of a bad scope that are told back. */
const longestExcerpt = 200

/**
 * Reads the query of a token request. `scope` may stand several times, and hold several scopes, parted by spaces.
 *
 * @throws RegistryError REQUEST_INVALID for what is no scope, and for more than 100
 */
export function parseTokenRequest(query: URLSearchParams): TokenRequest {
  const texts = query.getAll('scope').flatMap((value) => value.split(' ').filter((text) => text !== ''))
  if (texts.length > mostScopes)
    throw new RegistryError('REQUEST_INVALID', { detail: `more than ${mostScopes} scopes` })
  return { scopes: texts.map(toScope) }
}

function toScope(text: string): ResourceScope {
  const scope = parseScope(text)
  if (scope !== undefined) return scope
  throw new RegistryError('REQUEST_INVALID', {
    detail: `no scope: ${JSON.stringify(text.slice(0, longestExcerpt))}; allowed: TYPE:NAME:ACTION,ACTION`,
  })
}

/** What `*` of a repository stands for; nothing else can be granted of one. */
const repositoryActions: readonly string[] = ['pull', 'push', 'delete']

/**
 * Of what was asked for, what may be granted: missing rights are no error, the token says less. Scopes of one resource become
 * one; the order stays, of resources and of actions; what has no action left is left out.
 */
export function grantedScopes(
  asked: readonly ResourceScope[],
  may: (type: string, name: string, action: string) => boolean,
): ResourceScope[] {
  const granted = new Map<string, { type: string; name: string; actions: Set<string> }>()
  for (const { type, name, actions } of asked) {
    const allowed = wanted(type, actions).filter((action) => may(type, name, action))
    if (allowed.length === 0) continue
    const key = `${type}:${name}`
    const known = granted.get(key) ?? { type, name, actions: new Set() }
    for (const action of allowed) known.actions.add(action)
    granted.set(key, known)
  }
  return [...granted.values()].map(({ type, name, actions }) => ({ type, name, actions: [...actions] }))
}

/** Every action once, so that a request of many repeated ones costs no more than it says. */
function wanted(type: string, actions: readonly string[]): string[] {
  const once = new Set(actions)
  // Of the catalog there is no other.
  if (type === 'registry') return once.has('*') ? ['*'] : []
  if (type !== 'repository') return []
  // A token whose `*` were kept would allow what nobody has judged.
  if (once.has('*')) return [...repositoryActions]
  return [...once].filter((action) => repositoryActions.includes(action))
}

/** The answer's body. `token` is Docker's name for it, `access_token` that of OAuth 2; clients read either. */
export function tokenAnswer({ token, expiresIn, issuedAt }: IssuedToken): object {
  return { token, access_token: token, expires_in: expiresIn, issued_at: issuedAt }
}
