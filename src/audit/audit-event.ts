import { escapeControls } from '../util/logfmt.ts'

/** What the audit log tells of. */
export interface AuditEvent {
  readonly event: 'push' | 'delete' | 'login' | 'denied'
  readonly outcome: AuditOutcome
  /** Absent: anonymous. Of a refused login: the name that was tried. */
  readonly user?: string | undefined
  /** The address that asked, as far as it can be relied on; absent behind a unix socket. */
  readonly client?: string | undefined
  /** The request's id. */
  readonly request?: string | undefined
  readonly method?: string | undefined
  /** What the request was about, such as `manifest` or `blob`. */
  readonly target?: string | undefined
  readonly repository?: string | undefined
  /** The tag or digest in the path of a manifest. */
  readonly reference?: string | undefined
  /** The tags that a push set. */
  readonly tags?: readonly string[] | undefined
  /** Of the manifest or blob. */
  readonly digest?: string | undefined
  /** The repository that a blob was mounted from. */
  readonly from?: string | undefined
  /** Of the answer. */
  readonly status?: number | undefined
  readonly userAgent?: string | undefined
  /** Why not, in words. Never a password or a token. */
  readonly reason?: string | undefined
  /** How many alike this stands for, itself the latest, when it is more than one. */
  readonly count?: number | undefined
}

/** `accepted`, or why it was not: the ways in which requests are refused, and logins. */
export type AuditOutcome =
  | 'accepted'
  | 'refused'
  | 'throttled'
  | 'unauthenticated'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'denied'
  | 'immutable'

/** Characters. What is longer was made up by a client. */
const longestText = 256
/** As many as one request may set. */
const mostTags = 101

/**
 * An event as a line of JSON, its newline included. The fields come in this order always, and those without a value not at
 * all. Whatever a client put into them can neither end the line nor steer a terminal.
 *
 * @param time milliseconds since 1970
 */
export function formatAuditEvent(event: AuditEvent, time: number): string {
  const fields = {
    time: new Date(time).toISOString(),
    event: event.event,
    outcome: event.outcome,
    user: cut(event.user),
    client: cut(event.client),
    request: cut(event.request),
    method: cut(event.method),
    target: event.target,
    repository: cut(event.repository),
    reference: cut(event.reference),
    tags: cutList(event.tags),
    digest: cut(event.digest),
    from: cut(event.from),
    status: event.status,
    useragent: cut(event.userAgent),
    reason: cut(event.reason),
    count: event.count,
  }
  return `${escapeControls(JSON.stringify(fields))}\n`
}

function cut(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`
}

function cutList(texts: readonly string[] | undefined): readonly string[] | undefined {
  if (texts === undefined || texts.length === 0) return undefined
  return texts.slice(0, mostTags).flatMap((text) => cut(text) ?? [])
}
