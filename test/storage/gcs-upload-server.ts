import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Cleaner } from '../support/at-exit.ts'

const unit = 256 * 1024

/** What the server does with a piece of an upload. */
export type PieceFate =
  | 'take'
  /** Stores its first half, in whole units, and says so. */
  | 'half'
  /** Stores it; the answer is lost. */
  | 'lose-answer'
  /** Stores half of it, and the connection breaks. */
  | 'break'
  /** 503, without storing any of it. */
  | 'refuse'
  /** The upload is gone. */
  | 'forget'
  /** Reads it and says nothing. */
  | 'silence'

export interface UploadServer {
  readonly url: string
  /** What was made, by its key. */
  readonly objects: Map<string, Buffer>
  /** The range of each piece or question, as it came. */
  readonly ranges: string[]
  fates: PieceFate[]
  readonly cancelled: () => number
}

interface Session {
  readonly key: string
  bytes: Buffer
  isWhole: boolean
}

/**
 * Google's resumable uploads by its documentation, as strict as that: what is stored is a multiple of 256 KiB, a piece begins where the
 * last one ended, and a question stores nothing. The emulator takes a question for the end, and a piece that comes twice for two.
 */
export async function startUploadServer(test: Cleaner): Promise<UploadServer> {
  const sessions = new Map<string, Session>()
  const objects = new Map<string, Buffer>()
  const ranges: string[] = []
  let cancelled = 0

  const state = (session: Session, answer: ServerResponse): void => {
    if (session.isWhole) answer.writeHead(200).end(resource(session.key, session.bytes.length))
    else {
      const { length } = session.bytes
      answer.writeHead(308, length === 0 ? {} : { Range: `bytes=0-${length - 1}` }).end()
    }
  }

  const piece = (session: Session, range: string, body: Buffer, answer: ServerResponse): void => {
    const [, from = '', to = '', total = ''] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range) ?? []
    const isLast = total !== '*'
    const isRight =
      Number(from) === session.bytes.length &&
      Number(to) - Number(from) + 1 === body.length &&
      (isLast ? Number(total) === Number(to) + 1 : body.length % unit === 0)
    if (!isRight) return void answer.writeHead(400).end(`wrong range ${range} after ${session.bytes.length}`)
    const fate = server.fates.shift() ?? 'take'
    if (fate === 'refuse') return void answer.writeHead(503).end()
    if (fate === 'forget') return void answer.writeHead(410).end()
    if (fate === 'silence') return
    const isHalf = fate === 'half' || fate === 'break'
    const taken = isHalf ? Math.floor(body.length / 2 / unit) * unit : body.length
    session.bytes = Buffer.concat([session.bytes, body.subarray(0, taken)])
    if (isLast && !isHalf) {
      session.isWhole = true
      objects.set(session.key, session.bytes)
    }
    if (fate === 'lose-answer' || fate === 'break') answer.socket?.resetAndDestroy()
    else state(session, answer)
  }

  const handle = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const url = new URL(request.url ?? '', server.url)
    const id = url.searchParams.get('upload_id')
    const key = url.searchParams.get('name') ?? ''
    const session = id === null ? undefined : sessions.get(id)
    if (request.method === 'POST' && url.searchParams.get('uploadType') === 'media') {
      objects.set(key, body)
      answer.end(resource(key, body.length))
    } else if (request.method === 'POST') {
      const made = randomUUID()
      sessions.set(made, { key, bytes: Buffer.alloc(0), isWhole: false })
      // By another name than it was called: it must be reached as before.
      answer.writeHead(200, { Location: `https://elsewhere.invalid${url.pathname}?upload_id=${made}` }).end()
    } else if (session === undefined) answer.writeHead(404).end()
    else if (request.headers.authorization !== undefined) answer.writeHead(400).end()
    else if (request.method === 'DELETE') {
      cancelled++
      answer.writeHead(499).end()
    } else {
      const range = request.headers['content-range'] ?? ''
      ranges.push(range)
      if (range.startsWith('bytes */')) state(session, answer)
      else piece(session, range, body, answer)
    }
  }

  const listener = createServer((request, answer) => {
    handle(request, answer).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve)
  })
  listener.unref()
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const server: UploadServer = {
    url: `http://127.0.0.1:${address.port}`,
    objects,
    ranges,
    fates: [],
    cancelled: () => cancelled,
  }
  test.after(() => {
    listener.close()
    listener.closeAllConnections()
  })
  return server
}

/** What Google says of an object. */
function resource(name: string, size: number): string {
  return JSON.stringify({ name, size: `${size}`, generation: '7', updated: new Date().toISOString() })
}
