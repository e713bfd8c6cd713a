import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { connect, type ConnectionOptions, type SecureContext } from 'node:tls'
import { AcmeCertificates, type AcmeOptions } from '../../src/acme/acme-certificates.ts'
import type { Log } from '../../src/registry/context.ts'
import type { Cleaner } from '../support/at-exit.ts'

/** An HTTPS server in this process whose certificates come from `AcmeCertificates`, and clients of it. */

export interface LogLine {
  readonly level: keyof Log
  readonly message: string
  readonly [field: string]: unknown
}

export interface Site {
  readonly certificates: AcmeCertificates
  readonly port: number
  readonly lines: readonly LogLine[]
  /** Why handshakes failed, as the server saw it. */
  readonly refusals: readonly string[]
  stop(): Promise<void>
}

export interface SiteOptions extends Omit<AcmeOptions, 'log' | 'onFirstHost' | 'http01'> {
  /** Default: any free one. */
  readonly port?: number
  /** Where it answers http-01 challenges, if it does. */
  readonly httpPort?: number
}

export async function startSite(options: SiteOptions, test: Cleaner): Promise<Site> {
  const lines: LogLine[] = []
  const refusals: string[] = []
  const select = async (
    name: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> => {
    const context = await certificates.secureContext(name).catch((error: unknown) => error as Error)
    if (context instanceof Error) done(context)
    else done(null, context)
  }
  const https = createHttpsServer(
    { SNICallback: (name, done) => void select(name, done) },
    (_request, response) => response.end('served'),
  )
  https.on('tlsClientError', (error) => refusals.push(error.message))
  const certificates = await AcmeCertificates.open({
    ...options,
    http01: options.httpPort !== undefined,
    log: memoryLog(lines),
    onFirstHost: (certificate) => https.setSecureContext(certificate),
  })
  const listener = createServer({ noDelay: true }, (socket) =>
    certificates.accept(socket, (other) => https.emit('connection', other)),
  )
  const port = await listen(listener, options.port ?? 0)
  const http = createHttpServer((request, response) => {
    void certificates.http01(request.url?.split('/').at(-1) ?? '').then((answer) => {
      response.writeHead(answer === undefined ? 404 : 200)
      return response.end(answer)
    })
  })
  if (options.httpPort !== undefined) await listen(http, options.httpPort)
  certificates.start()
  const stop = async (): Promise<void> => {
    listener.close()
    http.close()
    https.closeAllConnections()
    await certificates.stop()
  }
  test.after(stop)
  return { certificates, port, lines, refusals, stop }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface Visit {
  /** The answer, headers and all. */
  readonly answer: string
  /** Of the certificate that the server showed. */
  readonly serial: string
  readonly names: string
  readonly keyType: string | undefined
  /** Milliseconds since 1970. */
  readonly begins: number
  readonly expires: number
}

/**
 * Asks for a page by a new connection.
 *
 * @param host the name that is sent; undefined: none is
 * @param root PEM of whom the client trusts
 * @throws when the certificate is not good for the name
 */
export function visit(
  port: number,
  host: string | undefined,
  root: string,
  options: ConnectionOptions = {},
): Promise<Visit> {
  const named = host === undefined ? { checkServerIdentity: () => undefined } : { servername: host }
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: root, ...named, ...options }, () => {
      const certificate = socket.getPeerX509Certificate()
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('end', () =>
        resolve({
          answer: Buffer.concat(chunks).toString(),
          serial: certificate?.serialNumber ?? '',
          names: certificate?.subjectAltName ?? '',
          keyType: certificate?.publicKey.asymmetricKeyType,
          begins: Date.parse(certificate?.validFrom ?? ''),
          expires: Date.parse(certificate?.validTo ?? ''),
        }),
      )
      socket.write(`GET / HTTP/1.1\r\nHost: ${host ?? 'nobody'}\r\nConnection: close\r\n\r\n`)
    })
    socket.setTimeout(60_000, () => socket.destroy(new Error('the server is silent')))
    socket.on('error', reject)
  })
}

export function memoryLog(lines: LogLine[]): Log {
  const write =
    (level: keyof Log) =>
    (fields: object, message: string): void => {
      lines.push({ ...fields, level, message })
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
