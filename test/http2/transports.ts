import { readFileSync } from 'node:fs'
import { Agent, request as startRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { connect, type ClientHttp2Session } from 'node:http2'
import type { TestContext } from 'node:test'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { checkAnswer, startParts, type PartOptions, type TestServer } from '../http/in-process.ts'
import type { HttpResponse } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'

/** The ways to a registry besides plain HTTP/1.1, each with one connection of one client. */
export const transports = ['HTTP/1.1 over TLS', 'HTTP/2 over TLS', 'HTTP/2 without TLS'] as const

export type Transport = (typeof transports)[number]

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Says no Content-Length. */
  readonly chunked?: boolean
}

/** A registry in this process behind one of them. */
export interface Way extends Omit<TestServer, 'call'> {
  /** As a client names it. */
  readonly origin: string
  /** The certificate to trust; undefined without TLS. */
  readonly ca: string | undefined
  /** Of HTTP/2. */
  readonly session: ClientHttp2Session | undefined
  /** Sends a request, and checks what is true of every answer. */
  call(method: string, path: string, options?: CallOptions): Promise<HttpResponse>
}

export async function startOver(
  t: TestContext,
  transport: Transport,
  options: Partial<PartOptions> = {},
): Promise<Way> {
  const secure = transport !== 'HTTP/2 without TLS'
  const issued = secure ? await makeCertificate(temporaryFolder(t).path, { name: 'server' }) : undefined
  const ca = issued && readFileSync(issued.certificate, 'utf8')
  const server = await startParts(t, {
    driver: new MemoryDriver(),
    ...options,
    listener: {
      h2c: !secure,
      ...(issued && { tls: { options: { cert: ca, key: readFileSync(issued.key) } } }),
      ...options.listener,
    },
  })
  const origin = `${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`
  const trust = ca === undefined ? {} : { ca }
  if (transport === 'HTTP/1.1 over TLS') {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...trust })
    t.after(() => agent.destroy())
    const call = checked((method, path, how) => callHttp1(agent, method, origin + path, how))
    return { ...server, origin, ca, session: undefined, call }
  }
  // Node's client never forgets what it did not send of a request that was answered early.
  const session = connect(origin, { ...trust, maxSessionMemory: 10_000 })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return {
    ...server,
    origin,
    ca,
    session,
    call: checked((method, path, call) => callHttp2(session, method, path, call)),
  }
}

type Call = (method: string, path: string, options?: CallOptions) => Promise<HttpResponse>

function checked(call: Call): Call {
  return async (method, path, options) => {
    const answer = await call(method, path, options)
    checkAnswer(method, path, answer)
    return answer
  }
}

function lengthOf({ body, chunked = false }: CallOptions): Record<string, string> {
  return body === undefined || chunked ? {} : { 'content-length': String(body.length) }
}

async function callHttp1(
  agent: Agent,
  method: string,
  url: string,
  options: CallOptions = {},
): Promise<HttpResponse> {
  return await new Promise((resolve, reject) => {
    const headers = { ...lengthOf(options), ...options.headers }
    const request = startRequest(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve(answerOf(response.statusCode ?? 0, response.headers, chunks)))
    })
    request.on('error', reject)
    request.setTimeout(30_000, () => request.destroy(new Error(`${method} ${url}: the server is silent`)))
    request.end(options.body)
  })
}

export async function callHttp2(
  session: ClientHttp2Session,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<HttpResponse> {
  return await new Promise((resolve, reject) => {
    const { body } = options
    const headers = { ':method': method, ':path': path, ...lengthOf(options), ...options.headers }
    const stream = session.request(headers, { endStream: body === undefined })
    const chunks: Buffer[] = []
    let answer: IncomingHttpHeaders | undefined
    stream.on('response', (fields) => (answer = fields))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      if (answer === undefined) reject(new Error(`${method} ${path}: no answer, code ${stream.rstCode}`))
      else resolve(answerOf(Number(answer[':status']), withoutStatus(answer), chunks))
    })
    stream.setTimeout(30_000, () => {
      stream.destroy(new Error(`${method} ${path}: the server is silent`))
    })
    if (body !== undefined) stream.end(body)
  })
}

/** Also without the symbols that Node adds. */
function withoutStatus(fields: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== ':status'))
}

function answerOf(status: number, headers: IncomingHttpHeaders, chunks: readonly Buffer[]): HttpResponse {
  const body = Buffer.concat(chunks)
  return { status, headers, body, json: () => JSON.parse(body.toString()) as unknown }
}
