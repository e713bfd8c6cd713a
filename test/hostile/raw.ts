import { connect, type Socket } from 'node:net'

/** Speaks to a server byte by byte, as no HTTP library would. */

export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** All answers that came on the connection, the first one included. */
  readonly statuses: readonly number[]
  /** Everything that was received. */
  readonly text: string
  /** Whether the server ended the connection. */
  readonly closed: boolean
}

export interface RawOptions {
  /** Sent one after the other, with `pauseMs` between them. */
  readonly pauseMs?: number
  /** Ends our side after the last byte. */
  readonly end?: boolean
  /** Waits a moment for what follows the answer. */
  readonly linger?: boolean
  /** How many answers to wait for. Default: one. */
  readonly answers?: number
  /** Default: 10 s. */
  readonly timeoutMs?: number
}

/** Sends what may be no HTTP at all, and waits for an answer or the end of the connection. */
export async function raw(
  port: number,
  bytes: string | Uint8Array | readonly (string | Uint8Array)[],
  options: RawOptions = {},
): Promise<RawAnswer> {
  const pieces = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Buffer[] = []
  const isHead = Buffer.from(pieces[0] ?? '')
    .toString('latin1')
    .startsWith('HEAD ')
  return await new Promise((resolve, reject) => {
    const finish = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(parse(Buffer.concat(chunks), closed, isHead))
    }
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new Error(
          `no answer in time; so far ${JSON.stringify(Buffer.concat(chunks).toString('latin1').slice(0, 500))}`,
        ),
      )
    }, options.timeoutMs ?? 10_000)
    socket.on('connect', () => {
      void sendAll(socket, pieces, options)
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const answer = parse(Buffer.concat(chunks), false, isHead)
      if (answer.statuses.length >= (options.answers ?? 1) && answer.isWhole) {
        if (options.linger !== true) finish(false)
        else setTimeout(() => finish(socket.readableEnded), 100)
      }
    })
    socket.on('end', () => finish(true))
    // A reset after an answer is an end like any other.
    socket.on('error', () => finish(true))
    socket.on('close', () => finish(true))
  })
}

async function sendAll(
  socket: Socket,
  pieces: readonly (string | Uint8Array)[],
  { pauseMs = 0, end = false }: RawOptions,
): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  if (end && !socket.destroyed) socket.end()
}

interface Parsed extends RawAnswer {
  /** Whether the last answer has all of its body. */
  readonly isWhole: boolean
}

/** Reads as many whole answers as there are; the last one may be incomplete. */
function parse(received: Buffer, closed: boolean, isHead: boolean): Parsed {
  const text = received.toString('latin1')
  const statuses: number[] = []
  let first: { headers: ReadonlyMap<string, string>; body: string } | undefined
  let at = 0
  let isWhole = false
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at)
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(text.slice(at, at + 20))?.[1]
    if (status === undefined || end < 0) break
    const headers = new Map(
      text
        .slice(at, end)
        .split('\r\n')
        .slice(1)
        .map((line): [string, string] => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
        }),
    )
    if (status === '100') {
      at = end + 4
      continue
    }
    const length = isHead ? 0 : Number(headers.get('content-length') ?? 0)
    const body = text.slice(end + 4, end + 4 + length)
    statuses.push(Number(status))
    first ??= { headers, body }
    isWhole = body.length === length
    at = end + 4 + length
    if (!isWhole) break
  }
  return {
    status: statuses[0] ?? 0,
    headers: first?.headers ?? new Map<string, string>(),
    body: first?.body ?? '',
    statuses,
    text,
    closed,
    isWhole,
  }
}

/** `404 BLOB_UNKNOWN`, `404` for what is no error of the protocol, `closed` for no answer at all. */
export function rawOutcome(answer: RawAnswer): string {
  if (answer.status === 0) return 'closed'
  if (answer.status < 400 || answer.headers.get('content-type') !== 'application/json') {
    return String(answer.status)
  }
  if (answer.body === '') return String(answer.status)
  const { errors } = JSON.parse(answer.body) as { errors: [{ code: string }] }
  return `${answer.status} ${errors[0].code}`
}
