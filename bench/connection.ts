import { createConnection, type Socket } from 'node:net'
import { ResponseParser, type Answer } from './response-parser.ts'

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is: chunked framing, if any, is the caller's. */
  readonly body?: Iterable<Buffer>
  /** Keep the answer's body. Otherwise it is only counted. */
  readonly keepBody?: boolean
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

const receiveBuffer = 256 * 1024

/**
 * A kept-alive HTTP/1.1 connection on a bare socket. It does what a registry's client does on the wire for a fraction of
 * the cost of a real one, so that on few cores the server and not the load program is measured.
 */
export class Connection {
  readonly #socket: Socket
  readonly #host: string
  readonly #parser: ResponseParser
  #waiting: Waiting | undefined

  private constructor(port: number) {
    this.#host = `127.0.0.1:${port}`
    this.#parser = new ResponseParser((answer) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.resolve(answer)
    })
    this.#socket = createConnection({
      host: '127.0.0.1',
      port,
      noDelay: true,
      // One buffer for all that arrives: nothing is allocated per read.
      onread: {
        buffer: Buffer.allocUnsafe(receiveBuffer),
        callback: (size, buffer) => {
          try {
            this.#parser.feed((buffer as Buffer).subarray(0, size))
          } catch (error) {
            this.#fail(error as Error)
          }
          return true
        },
      },
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port)
    await new Promise<void>((resolve, reject) => {
      connection.#socket.once('connect', resolve)
      connection.#socket.once('error', reject)
    })
    return connection
  }

  /** Sends one request and waits for its answer. An answer that comes before the whole body was sent ends the sending. */
  async exchange(request: WireRequest): Promise<Answer> {
    this.#parser.expect(request.method !== 'HEAD', request.keepBody === true)
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    const sent = this.#send(request)
    // The answer's rejection tells all; sending may fail besides.
    sent.catch(() => {})
    return await answer
  }

  /** The same, for an answer that must have this status. */
  async expect(status: number, request: WireRequest): Promise<Answer> {
    const answer = await this.exchange(request)
    if (answer.status !== status)
      throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.body.toString().trim()}`)
    return answer
  }

  close(): void {
    this.#socket.destroy()
  }

  async #send(request: WireRequest): Promise<void> {
    let head = `${request.method} ${request.path} HTTP/1.1\r\nHost: ${this.#host}\r\n`
    for (const [name, value] of Object.entries(request.headers ?? {})) head += `${name}: ${value}\r\n`
    head += '\r\n'
    if (request.body === undefined) {
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    let corked = true
    for (const part of request.body) {
      const written = new Promise<void>((resolve, reject) => {
        this.#socket.write(part, (error) => (error ? reject(error) : resolve()))
      })
      if (corked) this.#socket.uncork()
      corked = false
      await written
      if (this.#waiting === undefined) return
    }
    if (corked) this.#socket.uncork()
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }
}

/** Does `work` for each item, up to `width` at once, each worker on a connection of its own. */
export async function inParallel<T>(
  port: number,
  width: number,
  items: readonly T[],
  work: (connection: Connection, item: T) => Promise<void>,
): Promise<void> {
  const connections = await Promise.all(Array.from({ length: width }, () => Connection.open(port)))
  const left = items.values()
  try {
    await Promise.all(
      connections.map(async (connection) => {
        for (const item of left) await work(connection, item)
      }),
    )
  } finally {
    for (const connection of connections) connection.close()
  }
}
