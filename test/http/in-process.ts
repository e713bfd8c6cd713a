import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import { createApp } from '../../src/app/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createHandler } from '../../src/http/handler.ts'
import { defaultHttpSettings, type HttpSettings } from '../../src/http/settings.ts'
import { Listener, type ListenerOptions } from '../../src/server/listener.ts'
import { requestLogs } from '../../src/server/request-log.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import { createLogger } from '../../src/util/logger.ts'
import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'

/** A registry in this process, spoken to over a real socket. */
export interface TestServer {
  /** Without a slash at its end. */
  readonly url: string
  readonly port: number
  readonly driver: StorageDriver
  /**
   * Sends a request. What is true of every answer is checked here: the version header under `/v2/`, a sound
   * `Content-Length`, errors in the protocol's form, and no 500.
   */
  call(method: string, path: string, options?: HttpOptions): Promise<HttpResponse>
  /** Failures that the server itself takes for bugs; every test ends with a look that there were none. */
  readonly bugs: readonly string[]
}

type Tree = Readonly<Record<string, unknown>>

/** The whole program but for its process, with a configuration as in the file. In memory and with deletes when it says nothing. */
export async function startApp(t: TestContext, config: Tree = {}): Promise<TestServer> {
  const { storage, http: httpConfig, ...rest } = config as Record<string, Tree | undefined>
  const loaded = loadConfig({
    env: {},
    places: [],
    defaults: {
      version: '0.1',
      storage: { ...(hasDriver(storage) ? {} : { inmemory: {} }), delete: { enabled: true }, ...storage },
      http: { addr: '127.0.0.1:0', ...httpConfig },
      ...rest,
    },
  })
  const bugs: string[] = []
  const { driver, listener } = await createApp({ config: loaded.config, log: collector(bugs) })
  return await started(t, listener, driver, bugs)
}

function hasDriver(storage: Tree | undefined): boolean {
  return storage !== undefined && ('filesystem' in storage || 'inmemory' in storage)
}

export interface PartOptions {
  readonly driver: StorageDriver
  readonly settings?: Partial<HttpSettings>
  readonly listener?: Partial<ListenerOptions>
}

/** The registry on a given driver, with time-outs that no configuration file can set. Deletes are enabled. */
export async function startParts(t: TestContext, options: PartOptions): Promise<TestServer> {
  const bugs: string[] = []
  const log = collector(bugs)
  const handler = createHandler({
    registry: createStoredRegistry(options.driver),
    settings: { ...defaultHttpSettings, ...options.settings },
    logOf: requestLogs(log),
  })
  const listener = new Listener(handler, { address: '127.0.0.1:0', net: 'tcp', ...options.listener })
  return await started(t, listener, options.driver, bugs)
}

/** Keeps what only a bug writes. */
function collector(bugs: string[]): ReturnType<typeof createLogger> {
  const stream = {
    write: (line: string): void => {
      if (/request failed unexpectedly|error not sent/.test(line)) bugs.push(line)
    },
  }
  return createLogger({ level: 'info', formatter: 'json' }, stream)
}

async function started(
  t: TestContext,
  listener: Listener,
  driver: StorageDriver,
  bugs: readonly string[],
): Promise<TestServer> {
  const address = await listener.start()
  t.after(async () => {
    await listener.stop(0)
    await driver.close()
    assert.deepEqual(bugs, [], 'the server logged bugs')
  })
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  const url = `http://127.0.0.1:${port}`
  const call = async (method: string, path: string, options: HttpOptions = {}): Promise<HttpResponse> => {
    const answer = await http(method, path.startsWith('http:') ? path : url + path, options)
    checkAnswer(method, path, answer)
    return answer
  }
  return { url, port, driver, call, bugs }
}

/** What every answer under `/v2/` owes. */
export function checkAnswer(method: string, path: string, answer: HttpResponse): void {
  const where = `${method} ${path.slice(0, 200)}: ${answer.status} ${answer.body.toString('latin1').slice(0, 500)}`
  if (path.includes('/v2')) {
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0', where)
  }
  assert.notEqual(answer.status, 500, where)
  const length = answer.headers['content-length']
  if (method !== 'HEAD' && length !== undefined) assert.equal(answer.body.length, Number(length), where)
  if (method === 'HEAD') assert.equal(answer.body.length, 0, where)
  if (answer.status >= 400 && method !== 'HEAD' && answer.body.length > 0) checkErrorBody(answer, where)
}

function checkErrorBody(answer: HttpResponse, where: string): void {
  const type = answer.headers['content-type']
  if (answer.status === 404 && type?.startsWith('text/plain') === true) return
  assert.equal(type, 'application/json', where)
  assert.ok(errorsOf(answer).length > 0, where)
  for (const error of errorsOf(answer)) {
    assert.match(error.code, /^[A-Z_]+$/, where)
    assert.equal(typeof error.message, 'string', where)
  }
}

export interface WireError {
  readonly code: string
  readonly message: string
  readonly detail?: unknown
}

export function errorsOf(answer: HttpResponse): readonly WireError[] {
  return (answer.json() as { errors: WireError[] }).errors
}

/** The status and the first code of an answer, to be compared in one go: `404 BLOB_UNKNOWN`. */
export function outcome(answer: HttpResponse): string {
  const isJson = answer.headers['content-type'] === 'application/json' && answer.body.length > 0
  return isJson && answer.status >= 400
    ? `${answer.status} ${errorsOf(answer)[0]?.code}`
    : String(answer.status)
}

/** Headers that say something about the content, without those of the connection and the clock. */
export function contentHeaders(headers: IncomingHttpHeaders): Record<string, unknown> {
  const {
    date: _date,
    connection: _connection,
    'keep-alive': _keepAlive,
    'x-request-id': _id,
    ...rest
  } = headers
  return rest
}

/** The path of a `Link` to a next page. */
export function nextLink(answer: HttpResponse): string | undefined {
  const { link } = answer.headers
  if (link === undefined) return undefined
  const match = /^<([^<>]+)>; rel="next"$/.exec(String(link))
  assert.ok(match, `Link: ${String(link)}`)
  return match[1]
}

/** Follows `Link` from a first page to the last one. */
export async function allPages(server: TestServer, path: string): Promise<HttpResponse[]> {
  const pages: HttpResponse[] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const page: HttpResponse = await server.call('GET', next)
    assert.equal(page.status, 200, page.body.toString())
    pages.push(page)
    next = nextLink(page)
    assert.ok(pages.length < 1000, 'pages without end')
  }
  return pages
}
