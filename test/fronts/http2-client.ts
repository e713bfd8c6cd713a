import { readFileSync } from 'node:fs'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { checkServerIdentity, connect as connectTls } from 'node:tls'
import type { Cleaner } from '../support/at-exit.ts'
import type { Certificates } from './certificates.ts'

/** One HTTP/2 connection over TLS, chosen by ALPN. */
export class Http2Client {
  readonly #session: ClientHttp2Session

  private constructor(session: ClientHttp2Session) {
    this.#session = session
  }

  /**
   * Closed when the test ends.
   *
   * @param by a port of 127.0.0.1 that leads there
   */
  static async open(
    origin: string,
    { authority }: Certificates,
    test: Cleaner,
    by?: number,
  ): Promise<Http2Client> {
    const { hostname, port } = new URL(origin)
    const place =
      by === undefined ? { host: hostname, port: Number(port || 443) } : { host: '127.0.0.1', port: by }
    const ca = readFileSync(authority)
    const session = connect(origin, {
      createConnection: () =>
        connectTls({
          ...place,
          ca,
          servername: '',
          ALPNProtocols: ['h2'],
          checkServerIdentity: (_, certificate) => checkServerIdentity(hostname, certificate),
        }),
    })
    test.after(() => session.destroy())
    await new Promise<void>((resolve, reject) => {
      session.once('connect', () => resolve())
      session.once('error', reject)
    })
    if (session.alpnProtocol !== 'h2') throw new Error(`${origin} does not speak HTTP/2`)
    return new Http2Client(session)
  }

  async call(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Readonly<Record<string, string>>; body?: Readable } = {},
  ): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
    const stream = this.#session.request({ ':method': method, ':path': path, ...headers })
    const answered = new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once('response', resolve)
      stream.once('error', reject)
      stream.once('close', () => reject(new Error(`${method} ${path}: no answer`)))
    })
    if (body === undefined) stream.end()
    else pipeline(body, stream, { end: true }).catch(() => {})
    const answer = await answered
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return { status: Number(answer[':status']), headers: answer, body: Buffer.concat(chunks) }
  }
}
