import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http'
import type { Cleaner } from './at-exit.ts'

/** What happens to a request: nothing, an answer of the proxy's own, or one of the ways in which answers get lost. */
export type Fate =
  | undefined
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The store gets the request and does it; its answer is lost. */
  | 'lose-answer'
  /** The store does not get it, and nobody answers. */
  | 'silence'
  /** The answer's body stops at its half, and the connection stays, or breaks. */
  | 'stall'
  | 'cut'
  /** The store does it; what it answers is looked at, or made anew, before it is handed on. Nothing comes where this throws. */
  | { readonly rewrite: (answer: WholeAnswer) => Promise<WholeAnswer> | WholeAnswer }

export interface WholeAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface S3Proxy {
  readonly url: string
  /** Decides what happens to a request; it may be changed at any time. */
  fate: (request: IncomingMessage) => Fate
  readonly close: () => Promise<void>
}

export function s3Error(status: number, code: string, headers: Record<string, string> = {}): Fate {
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the proxy</Message></Error>`,
  }
}

/** A proxy before an S3 server that fails as stores do. It hands on the host's name that requests were signed for. */
export async function startS3Proxy(port: number, test?: Cleaner): Promise<S3Proxy> {
  const server = createServer((incoming, outgoing) => {
    const fate = proxy.fate(incoming)
    if (fate === 'silence') return
    if (typeof fate === 'object' && 'status' in fate) {
      incoming.resume()
      incoming.on('end', () => outgoing.writeHead(fate.status, fate.headers).end(fate.body))
      return
    }
    const { method, url, headers } = incoming
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (fate === 'lose-answer') {
        answer.resume()
        answer.on('end', () => incoming.socket.resetAndDestroy())
      } else if (fate === undefined) {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      } else if (typeof fate === 'object') void rewritten(answer, outgoing, fate.rewrite)
      else half(answer, outgoing, fate)
    })
    onward.on('error', () => incoming.socket.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proxy: S3Proxy = {
    url: `http://127.0.0.1:${address.port}`,
    fate: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  test?.after(proxy.close)
  return proxy
}

async function rewritten(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  rewrite: (answer: WholeAnswer) => Promise<WholeAnswer> | WholeAnswer,
): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
    const { statusCode = 500, headers } = answer
    const next = await rewrite({ status: statusCode, headers, body: Buffer.concat(chunks) })
    const { 'transfer-encoding': _, ...rest } = next.headers
    // An answer to HEAD has a length and no body.
    const length = next.body.length > 0 ? { 'content-length': String(next.body.length) } : {}
    outgoing.writeHead(next.status, { ...rest, ...length }).end(next.body)
  } catch {
    outgoing.destroy()
  }
}

function half(answer: IncomingMessage, outgoing: ServerResponse, fate: 'stall' | 'cut'): void {
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
  outgoing.flushHeaders()
  let left = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2)
  answer.on('data', (chunk: Buffer) => {
    if (left > 0) outgoing.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left > 0) return
    answer.destroy()
    // What was written must be on its way first.
    if (fate === 'cut') setTimeout(() => outgoing.socket?.resetAndDestroy(), 50)
  })
}
