import type { CallerKind, TokenScope } from './callers.ts'
import { groups, teams, users } from './callers.ts'
import { hasTokens, root, type Policy, type Rule } from './policies.ts'
import type { Need, Outcome, Request } from './requests.ts'

/**
 * What should become of a request: slow and obvious, from the words of the documentation and not from the code. Whoever changes
 * the meaning of rules changes it here too, by hand.
 */
export interface Expected {
  readonly outcome: Outcome
  /** Whoever is refused has changed nothing, and was not asked for a body. */
  readonly isRefused: boolean
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge?: string
}

export interface Question {
  readonly policy: Policy
  readonly caller: CallerKind
  readonly request: Request
  /** Absent for requests about no repository. */
  readonly repository: string | undefined
  /** The registry's own. */
  readonly url: string
}

export const realm = 'decisions'
export const service = 'registry.test'

/** Of somebody else's tokens. */
export const issuer = 'tokens.test'
export const tokenRealm = 'https://tokens.test/token'

/** Repositories that lie in the store. */
export const existing: readonly string[] = ['attic/there', 'room/there', 'shelf/there']

type Reason = 'invalid_token' | 'insufficient_scope' | undefined

export function expected(question: Question): Expected {
  const { policy, caller, request, repository } = question
  const passed: Expected = { outcome: request.allowed, isRefused: false }
  const unauthorized = (reason: Reason): Expected => ({
    outcome: '401 UNAUTHORIZED',
    isRefused: true,
    challenge: challengeOf(question, reason),
  })

  // Some paths are everybody's.
  if (!request.isGuarded) return passed

  // Bad credentials are refused, whatever is asked for.
  const who = identify(policy, caller)
  if (who.kind === 'bad') return unauthorized(who.reason)
  const { name, scope } = who
  // Somebody else's token is all that there is of its user, named or not: he would come back with the same one.
  const isUnknown = name === undefined && (policy.access !== 'tokens' || scope === undefined)

  if (request.isCatalog === true) {
    if (scope !== undefined && !holdsCatalog(policy, name, scope)) return unauthorized('insufficient_scope')
    if (isUnknown && !mayAskForCatalog(policy, name)) return unauthorized(undefined)
    return passed
  }
  // To be let in: with good credentials, of whatever kind.
  if (repository === undefined || request.needs.length === 0)
    return isUnknown && scope === undefined ? unauthorized(undefined) : passed

  const isInScope = (of: string, action: Need['action']): boolean =>
    scope === undefined || holds(policy, name, scope, of, action === 'list' ? 'pull' : action)
  const may = (of: string, need: Need): boolean =>
    isInScope(of, need.action) && isAllowed(policy, name, of, need)

  let denied: Expected | undefined
  for (const need of request.needs) {
    if (!isInScope(repository, need.action)) return unauthorized('insufficient_scope')
    if (isAllowed(policy, name, repository, need)) continue
    if (isUnknown) return unauthorized(undefined)
    const isKnown = may(repository, { action: 'pull' })
    denied ??= { outcome: isKnown ? (request.denied ?? '403 DENIED') : request.hidden, isRefused: true }
    // What has no method for it is no secret; but the token must be good for the rest too.
    if (request.denied === undefined) break
  }
  if (denied !== undefined) return denied
  if (request.mount === undefined) return passed
  const { from } = request.mount
  const isMounted = request.allowed === '201' && existing.includes(from) && may(from, { action: 'pull' })
  return { outcome: isMounted ? '201' : '202', isRefused: false }
}

/** The repositories of the catalog: those that he may list. */
export function catalogOf({ policy, caller }: Question): readonly string[] {
  const who = identify(policy, caller)
  if (who.kind === 'bad') return []
  return existing.filter((name) => isAllowed(policy, who.name, name, { action: 'list' }))
}

/** What the token service gives to whoever asks for these actions, in their order. Lists of tags are asked for with `pull`. */
export function grantedActions(
  policy: Policy,
  name: string | undefined,
  repository: string,
  asked: readonly ('pull' | 'push' | 'delete')[],
): readonly string[] {
  const may = (action: Need['action']): boolean => isAllowed(policy, name, repository, { action })
  return asked.filter((action) => may(action) || (action === 'pull' && may('list')))
}

/** Whether he may list anything: a token says so or not. */
export function mayAskForCatalog({ rules }: Policy, name: string | undefined): boolean {
  return rules.some((rule) => isAbout(rule, name) && allows(rule, { action: 'list' }))
}

type Identity =
  | { readonly kind: 'bad'; readonly reason: Reason }
  | { readonly kind: 'good'; readonly name: string | undefined; readonly scope?: TokenScope }

function identify(policy: Policy, { brings }: CallerKind): Identity {
  const takesTokens = hasTokens(policy)
  switch (brings.kind) {
    case 'nothing':
      return { kind: 'good', name: undefined }
    case 'password': {
      if (policy.access === 'tokens') return { kind: 'bad', reason: undefined }
      const isRight =
        users[brings.user] === brings.password ||
        (brings.user === root.name && brings.password === root.password)
      return isRight ? { kind: 'good', name: brings.user } : { kind: 'bad', reason: undefined }
    }
    case 'token':
      return takesTokens
        ? { kind: 'good', name: brings.user, scope: brings.scope }
        : { kind: 'bad', reason: undefined }
    case 'bad token':
      return { kind: 'bad', reason: takesTokens ? 'invalid_token' : undefined }
    default: {
      const isToken = brings.value.startsWith('Bearer ')
      return { kind: 'bad', reason: takesTokens && isToken ? 'invalid_token' : undefined }
    }
  }
}

/** Whether a token holds an action of a repository that is asked about, or of a source of mounts. */
function holds(
  policy: Policy,
  name: string | undefined,
  scope: TokenScope,
  repository: string,
  action: 'pull' | 'push' | 'delete',
): boolean {
  switch (scope) {
    case 'everything':
      return true
    case 'granted':
      return grantedActions(policy, name, repository, ['pull', 'push', 'delete']).includes(action)
    case 'pull':
      if (policy.access === 'tokens') return action === 'pull'
      return grantedActions(policy, name, repository, ['pull']).includes(action)
    default:
      return false
  }
}

function holdsCatalog(policy: Policy, name: string | undefined, scope: TokenScope): boolean {
  return scope === 'everything' || (scope === 'granted' && mayAskForCatalog(policy, name))
}

/** The first rule that is about him and the repository decides alone; none allows nothing. */
function isAllowed({ rules }: Policy, name: string | undefined, repository: string, need: Need): boolean {
  const first = rules.find((rule) => isAbout(rule, name) && isOf(rule, repository))
  return first !== undefined && allows(first, need)
}

function isAbout({ who }: Rule, name: string | undefined): boolean {
  return who.some((each) => {
    if (each === 'anonymous') return true
    if (name === undefined) return false
    if (each === 'authenticated') return true
    if (each === `user:${name}`) return true
    if (each === 'claim:team=crew') return (teams[name] ?? []).includes('crew')
    if (each === `claim:sub=${name}`) return true
    return each.startsWith('group:') && (groups[each.slice('group:'.length)] ?? []).includes(name)
  })
}

function isOf({ repositories }: Rule, repository: string): boolean {
  return repositories.some(
    (pattern) => pattern === '**' || repository.startsWith(pattern.slice(0, -'**'.length)),
  )
}

function allows({ allow, tags }: Rule, { action, tag }: Need): boolean {
  const isGiven =
    allow.includes('all') || allow.includes(action) || (action === 'pull' && allow.includes('push'))
  if (!isGiven) return false
  if (tag === undefined || tags === undefined) return true
  return tags.some((pattern) =>
    pattern.endsWith('*') ? tag.startsWith(pattern.slice(0, -1)) : tag === pattern,
  )
}

function challengeOf({ policy, request, repository, url }: Question, reason: Reason): string {
  if (!hasTokens(policy)) return `Basic realm="${realm}"`
  const isFromElsewhere = request.mount?.isNamed === true && request.mount.from !== repository
  const scopes = [
    ...(request.isCatalog === true ? ['registry:catalog:*'] : []),
    ...(repository !== undefined && request.scope !== ''
      ? [`repository:${repository}:${request.scope}`]
      : []),
    // Of the repository itself, pulling is in it already.
    ...(isFromElsewhere ? [`repository:${request.mount?.from}:pull`] : []),
  ]
  return [
    `Bearer realm="${policy.access === 'tokens' ? tokenRealm : `${url}/auth/token`}",service="${service}"`,
    ...(scopes.length > 0 ? [`scope="${scopes.join(' ')}"`] : []),
    ...(reason === undefined ? [] : [`error="${reason}"`]),
  ].join(',')
}
