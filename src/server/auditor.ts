import type { AuditEvent, AuditOutcome } from '../audit/audit-event.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Observer } from '../http/handler.ts'
import { refusalOf, refusalReason } from '../registry/refusal.ts'
import { addressKey } from '../util/client-address.ts'
import { Thinned } from '../util/thinned.ts'

/** Where events are written, such as an `AuditLog`. */
export interface Audit {
  write(event: AuditEvent): void
}

/** Somebody tried to log in with a user and password. */
export interface AuditedLogin {
  readonly outcome: Extract<AuditOutcome, 'accepted' | 'refused' | 'throttled'>
  readonly user: string
  /** The address that it came from; undefined behind a unix socket. */
  readonly client: string | undefined
  readonly reason?: string | undefined
  /** How many this is the latest of. */
  readonly count?: number | undefined
}

/** What somebody is told whom nobody knows. It costs him nothing, as often as he likes. */
const cheap: ReadonlySet<AuditOutcome> = new Set([
  'throttled',
  'unauthenticated',
  'invalid_token',
  'insufficient_scope',
])

/**
 * Writes down what was pushed and deleted, and what was refused. It looks when the work is done, not when the answer has arrived: whoever
 * hangs up after his push has pushed all the same. Of what strangers are refused there is about one line a second for each
 * address and outcome, with a count, lest they fill the disk.
 *
 * @param later calls a function a second later
 */
export function auditor(audit: Audit, later?: (work: () => void) => void): Observer {
  const thinned = new Thinned<AuditEvent>({
    write: (event, count) => audit.write(count > 1 ? { ...event, count } : event),
    writeOthers: (count) =>
      audit.write({ event: 'denied', outcome: 'throttled', reason: 'refused to more addresses', count }),
    ...(later && { later }),
  })
  return {
    async within(exchange, work): Promise<void> {
      await work()
      const event = eventOf(exchange)
      if (event === undefined) return
      const { user, client, outcome } = event
      if (user === undefined && cheap.has(outcome)) thinned.add(`${outcome} ${addressKey(client)}`, event)
      else audit.write(event)
    },
  }
}

export function auditLogin(audit: Audit, { outcome, user, client, reason, count }: AuditedLogin): void {
  audit.write({ event: 'login', outcome, user, client, reason, ...(count !== undefined && { count }) })
}

function eventOf(exchange: Exchange): AuditEvent | undefined {
  const refusal = refusalOf(exchange.failure)
  if (refusal !== undefined) {
    // Clients ask without credentials first, to learn which are wanted.
    if (refusal === 'unauthenticated' && !hasCredentials(exchange)) return undefined
    const reason = refusalReason(exchange.failure)
    return { ...about(exchange), event: 'denied', outcome: refusal, reason }
  }
  const event = eventOfAnswer(exchange)
  return event && { ...about(exchange), ...done(exchange), event, outcome: 'accepted' }
}

function hasCredentials(exchange: Exchange): boolean {
  return (exchange.header('authorization') ?? '') !== ''
}

/** By what the routes answer when they have written or deleted something. */
function eventOfAnswer({ route, request: { method }, answer }: Exchange): 'push' | 'delete' | undefined {
  switch (route?.kind) {
    case 'manifest':
    case 'blob':
      if (method === 'PUT' && answer?.status === 201) return 'push'
      return method === 'DELETE' && answer?.status === 202 ? 'delete' : undefined
    case 'uploads':
    case 'upload':
      return (method === 'POST' || method === 'PUT') && answer?.status === 201 ? 'push' : undefined
    default:
      return undefined
  }
}

/** Who asked for what, whatever came of it. */
function about(exchange: Exchange): Omit<AuditEvent, 'event' | 'outcome'> {
  const { route, request, caller, client, id, answer } = exchange
  return {
    user: caller?.name,
    client,
    request: id,
    method: request.method,
    target: route?.kind,
    ...(route !== undefined && 'name' in route && { repository: route.name }),
    ...(route !== undefined && 'digest' in route && { digest: route.digest }),
    ...(route?.kind === 'manifest' &&
      (route.reference.kind === 'tag'
        ? { reference: route.reference.tag }
        : { reference: route.reference.digest, digest: route.reference.digest })),
    status: answer?.status,
    userAgent: exchange.header('user-agent'),
  }
}

/** What there is to tell besides of what was done. */
function done({ route, request, query, body, answer }: Exchange): Partial<AuditEvent> {
  const stored = answer?.headers['Docker-Content-Digest']?.toString()
  switch (route?.kind) {
    case 'manifest': {
      const isTag = route.reference.kind === 'tag'
      if (request.method === 'DELETE') return isTag ? { target: 'tag' } : {}
      const tags = [...(route.reference.kind === 'tag' ? [route.reference.tag] : []), ...query.getAll('tag')]
      return { tags: [...new Set(tags)], digest: stored }
    }
    case 'uploads':
    case 'upload': {
      const isMount = route.kind === 'uploads' && query.get('mount') === stored && body.bytesRead === 0
      return { target: 'blob', digest: stored, from: isMount ? (query.get('from') ?? undefined) : undefined }
    }
    default:
      return {}
  }
}
