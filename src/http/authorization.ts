import type { Asking, Gate } from '../auth/gate.ts'
import { unknownBlob, unknownManifest, unknownRepository, unknownUpload } from '../registry/absent.ts'
import { demand, type Access, type Action } from '../registry/access.ts'
import { RegistryError } from '../registry/errors.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import { isTag } from '../registry/reference.ts'
import type { Unauthorized } from '../registry/unauthorized.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'

/** Routes that need a right. */
export type GuardedRoute = Exclude<Route, { readonly kind: 'root' | 'token' | 'moved' | 'unknown' }>

/**
 * Finds out who sends a request and whether he may, before a byte of its body is read: `100 Continue` comes later.
 *
 * @throws Unauthorized; RegistryError DENIED, TOO_MANY_REQUESTS, or what is said of something that is not there
 */
export async function authorize(exchange: Exchange, route: GuardedRoute, gate: Gate): Promise<void> {
  const needed = accessesOf(exchange, route)
  // Kept before the question: a challenge names them.
  exchange.accesses = [...needed, ...mountSource(exchange, route)]
  const caller = await gate.admit(askingOf(exchange))
  exchange.context = { ...exchange.context, caller }
  for (const access of needed) {
    const decision = caller.explain?.(access)
    if (decision !== undefined) exchange.context.log.debug(decision, 'access decided')
    // The guard gives an empty list: like one that is not there, a repository that must not be known of has no referrers.
    const isList = route.kind === 'referrers' || route.kind === 'catalog'
    if (isList && caller.judge(access) === 'denied') continue
    demand(caller, access, () => absentOf(route))
  }
}

export function askingOf(exchange: Exchange): Asking {
  return {
    authorization: exchange.header('authorization'),
    client: exchange.client,
    isEncrypted: () => exchange.origin().startsWith('https:'),
    hidesClient: () => exchange.hidesClient,
  }
}

/** Answers a 401: what would let the client in, and, as Distribution, what it is needed for. */
export async function sendChallenge(exchange: Exchange, gate: Gate, error: Unauthorized): Promise<void> {
  const { status, errors } = errorResponse(error)
  const detail = detailOf(exchange.accesses)
  // Docker shows a message that is not the code's own, and else the bare word `unauthorized`.
  const message = exchange.route?.kind === 'token' && { message: 'incorrect username or password' }
  await exchange.sendError(
    { status, errors: errors.map((each) => ({ ...each, ...message, detail })) },
    { 'WWW-Authenticate': challengeOf(exchange, gate, error) },
  )
}

function challengeOf(exchange: Exchange, gate: Gate, { reason }: Unauthorized): string {
  const { tokens } = gate
  if (exchange.route?.kind === 'token' && tokens !== undefined) return tokens.challenge
  return gate.challenge({
    accesses: exchange.accesses,
    reason,
    ownUrl: (path) => exchange.ownUrl(path),
    origin: (unclaimed) => exchange.origin(unclaimed),
  })
}

function detailOf(accesses: readonly Access[]): readonly object[] | null {
  const entries = accesses.flatMap((access) => {
    if (access.kind === 'catalog') return [{ Type: 'registry', Class: '', Name: 'catalog', Action: '*' }]
    if (access.kind !== 'repository') return []
    const { repository, action } = access
    return [{ Type: 'repository', Class: '', Name: repository, Action: action === 'list' ? 'pull' : action }]
  })
  const distinct = new Map(entries.map((entry) => [JSON.stringify(entry), entry]))
  return distinct.size === 0 ? null : [...distinct.values()]
}

/** By method, as in Distribution. But ending an upload is part of pushing, not of deleting. */
function accessesOf(exchange: Exchange, route: GuardedRoute): readonly Access[] {
  const { method } = exchange.request
  if (route.kind === 'base') return [{ kind: 'base' }]
  if (route.kind === 'catalog') return [{ kind: 'catalog' }]
  const { name } = route
  switch (method) {
    case 'GET':
    case 'HEAD':
      return [needs(name, route.kind === 'tags' ? 'list' : 'pull')]
    case 'POST':
    case 'PUT':
    case 'PATCH':
      return [needs(name, 'pull'), needs(name, 'push'), ...tagsOf(exchange, route)]
    case 'DELETE':
      return route.kind === 'upload' ? [needs(name, 'pull'), needs(name, 'push')] : [needs(name, 'delete')]
    default:
      return [{ kind: 'base' }]
  }
}

function tagsOf({ query }: Exchange, route: GuardedRoute): readonly Access[] {
  if (route.kind !== 'manifest') return []
  const { name, reference } = route
  const tags = [...(reference.kind === 'tag' ? [reference.tag] : []), ...query.getAll('tag').filter(isTag)]
  return tags.map((tag) => ({ kind: 'repository', repository: name, action: 'push', tag }))
}

/** Asked for and never demanded: a mount that may not be is an upload. */
function mountSource({ query }: Exchange, route: GuardedRoute): readonly Access[] {
  const from = query.get('from')
  return route.kind !== 'uploads' || from === null || !isRepositoryName(from) ? [] : [needs(from, 'pull')]
}

function needs(repository: RepositoryName, action: Action): Access {
  return { kind: 'repository', repository, action }
}

/** What the same request is told of a repository that is not there. */
function absentOf(route: GuardedRoute): RegistryError {
  switch (route.kind) {
    case 'manifest':
      return unknownManifest(route.name, route.reference)
    case 'blob':
      return unknownBlob(route.digest)
    case 'upload':
      return unknownUpload()
    case 'uploads':
    case 'tags':
    case 'referrers':
      return unknownRepository(route.name)
    default:
      return new RegistryError('DENIED')
  }
}
