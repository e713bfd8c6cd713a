import { run } from '../support/run.ts'

/** One connection of `openssl s_client`: what a client that is not ours makes of a server. */

export interface ClientOptions {
  readonly port: number
  /** Default: all that the client knows. */
  readonly version?: 'tls1' | 'tls1_1' | 'tls1_2' | 'tls1_3'
  /** OpenSSL's names, for TLS up to 1.2. */
  readonly ciphers?: string
  /** For TLS 1.3. */
  readonly suites?: string
  /** File of trusted certificates. Given, the server is verified. */
  readonly ca?: string
  /** Files of the client's own certificate. */
  readonly certificate?: { readonly certificate: string; readonly key: string }
  /** File that the session is written to, for `resume`. */
  readonly keepSession?: string
  readonly resume?: string
}

export interface Connection {
  /** The client's handshake succeeded. The server may have refused it afterwards: see `answer`. */
  readonly isEstablished: boolean
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL's name. */
  readonly cipher: string
  /** Common names of the certificates that the server sent, in their order. */
  readonly chain: readonly string[]
  readonly isResumed: boolean
  /** The server's certificate is trusted. */
  readonly isVerified: boolean
  /** The status line that `GET /v2/` was answered with; empty when there was none. */
  readonly answer: string
  /** What the client said, without dumps. */
  readonly output: string
}

/** Connects to a server on loopback, sends `GET /v2/`, and waits until the server closes. */
export async function connect(options: ClientOptions): Promise<Connection> {
  const { port, version, ciphers, suites, ca, certificate, keepSession, resume } = options
  // The client's own limits must not be what is tested, the lowest level of security is what old versions need.
  const args = [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-showcerts',
    '-ign_eof',
    '-servername',
    'localhost',
  ]
  args.push('-cipher', `${ciphers ?? 'ALL'}:@SECLEVEL=0`)
  if (version !== undefined) args.push(`-${version}`)
  if (suites !== undefined) args.push('-ciphersuites', suites)
  if (ca !== undefined) args.push('-CAfile', ca, '-verify_return_error')
  if (certificate !== undefined) args.push('-cert', certificate.certificate, '-key', certificate.key)
  if (keepSession !== undefined) args.push('-sess_out', keepSession)
  if (resume !== undefined) args.push('-sess_in', resume)
  const input = 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  const { stdout, stderr } = await run('openssl', args, { input, mayFail: true, timeoutMs: 30_000 })
  const [, kind, newest = '', cipher = ''] = /^(New|Reused), (\S+), Cipher is (\S+)/m.exec(stdout) ?? []
  return {
    isEstablished: cipher !== '' && cipher !== '(NONE)',
    // For older protocols that line says since when the cipher is known.
    protocol: newest === 'TLSv1.3' ? newest : (/^ *Protocol *: (\S+)/m.exec(stdout)?.[1] ?? ''),
    cipher,
    chain: [...stdout.matchAll(/^ *\d+ s:.*CN = (\S+)/gm)].map(([, name = '']) => name),
    isResumed: kind === 'Reused',
    isVerified: ca !== undefined && /^Verification: OK/m.test(stdout),
    // It may come in the midst of what the client says of its session.
    answer: /HTTP\/1\.1 [1-5]\d\d [^\r\n]*/.exec(stdout)?.[0] ?? '',
    output: withoutDumps(stdout + stderr),
  }
}

function withoutDumps(output: string): string {
  return output
    .replaceAll(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g, '')
    .replaceAll(/^ +[0-9a-f]{4} - .*\n/gm, '')
}
