import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { formatAuditEvent, type AuditEvent } from '../../src/audit/audit-event.ts'
import { parseCredentials } from '../../src/auth/credentials.ts'
import type { Asking, Gate } from '../../src/auth/gate.ts'
import { guarded } from '../../src/decorators/guarded.ts'
import { createHandler } from '../../src/http/handler.ts'
import { defaultHttpSettings } from '../../src/http/settings.ts'
import type { Caller, Verdict } from '../../src/registry/access.ts'
import { RegistryError } from '../../src/registry/errors.ts'
import type { RegistryDecorator } from '../../src/registry/registry.ts'
import { Unauthorized } from '../../src/registry/unauthorized.ts'
import { accessLogger } from '../../src/server/access-logger.ts'
import { auditor } from '../../src/server/auditor.ts'
import { Listener } from '../../src/server/listener.ts'
import { requestLogs } from '../../src/server/request-log.ts'
import { responseLog } from '../../src/server/response-log.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import { createAccessLog } from '../../src/util/access-log.ts'
import { createLogger } from '../../src/util/logger.ts'
import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'

export type Line = Readonly<Record<string, unknown>>

export interface Audited {
  readonly url: string
  readonly port: number
  /** All that was written so far, to each of the three. */
  readonly events: Line[]
  readonly logged: Line[]
  readonly accessed: string[]
  /** Sends a request, with `credentials` as `user:password`. */
  call(method: string, path: string, options?: CallOptions): Promise<HttpResponse>
  /** The next event; each is given once. */
  next(): Promise<Line>
  /** Fails when an event is there that `next` has not given. */
  nothingElse(): Promise<void>
}

export interface CallOptions extends HttpOptions {
  readonly credentials?: string
}

export interface AuditedOptions {
  readonly trustedProxies?: readonly string[]
  /** Around what is stored, below the guard. */
  readonly decorator?: RegistryDecorator
}

export const agent = 'tester/1'

/**
 * A registry that is audited and logged, and a gate that knows: `alice`, who may do everything; `carol`, who may pull from `open/…` and
 * no more. Their passwords are `right`. `mallory` is throttled. A token is never good, and may do nothing when it is `narrow`.
 */
export async function startAudited(t: TestContext, options: AuditedOptions = {}): Promise<Audited> {
  const { decorator = (inner) => inner, trustedProxies } = options
  const events: Line[] = []
  const logged: Line[] = []
  const accessed: string[] = []
  const log = createLogger(
    { level: 'debug', formatter: 'json' },
    { write: (text: string) => logged.push(...text.trim().split('\n').map(parse)) },
  )
  const accessLog = createAccessLog({ write: (text) => accessed.push(...text.trim().split('\n')) })
  const audit = {
    write: (event: AuditEvent): void => void events.push(parse(formatAuditEvent(event, Date.now()))),
  }
  const driver = new MemoryDriver()
  const handler = createHandler({
    registry: guarded(decorator(createStoredRegistry(driver))),
    gate,
    settings: { ...defaultHttpSettings, trustedProxies },
    logOf: requestLogs(log),
    observers: [auditor(audit), accessLogger(accessLog), responseLog(log)],
  })
  const listener = new Listener(handler, { address: '127.0.0.1:0', net: 'tcp', h2c: true })
  const address = await listener.start()
  t.after(async () => {
    await listener.stop(0)
    await driver.close()
  })
  let given = 0
  return {
    url: `http://${address}`,
    port: Number(address.split(':').at(-1)),
    events,
    logged,
    accessed,
    async call(method, path, { credentials, ...rest } = {}) {
      const authorization =
        credentials === undefined
          ? {}
          : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
      const headers = { 'User-Agent': agent, ...authorization, ...rest.headers }
      const answer = await http(method, `http://${address}${path}`, { ...rest, headers })
      assert.notEqual(answer.status, 500, answer.body.toString())
      return answer
    },
    async next() {
      for (let tries = 0; tries < 1000 && events.length <= given; tries++) await delay(10)
      const event = events[given++]
      assert.ok(event, 'no event')
      return event
    },
    async nothingElse() {
      await delay(50)
      assert.deepEqual(events.slice(given), [])
      log.flush()
      accessLog.flush()
    },
  }
}

function parse(line: string): Line {
  return JSON.parse(line) as Line
}

const gate: Gate = {
  async admit(asking) {
    return await Promise.resolve(admit(asking))
  },
  challenge: () => 'Basic realm="test"',
}

function admit({ authorization }: Asking): Caller {
  const credentials = parseCredentials(authorization)
  if (credentials.kind === 'none') throw new Unauthorized()
  if (credentials.kind === 'bearer') {
    if (credentials.token === 'narrow') return { name: 'alice', judge: () => 'insufficient scope' }
    throw new Unauthorized({ reason: 'invalid_token', cause: new Error('the token is expired') })
  }
  if (credentials.kind === 'other') throw new Unauthorized({ cause: new SyntaxError(authorization) })
  const { user: name, password } = credentials
  if (name === 'mallory') throw new RegistryError('TOO_MANY_REQUESTS', { retryAfter: 1 })
  if (password !== 'right') throw new Unauthorized({ cause: new Error('wrong password') })
  const isAllowed: Caller['judge'] = (access): Verdict => {
    if (name === 'alice' || access.kind === 'base') return 'allowed'
    const isOpen = access.kind === 'repository' && access.repository.startsWith('open/')
    return isOpen && access.action === 'pull' ? 'allowed' : 'denied'
  }
  return { name, judge: isAllowed }
}
