import { isIP } from 'node:net'

export interface SmtpOptions {
  readonly addr?: string
  readonly username?: string
  readonly password?: string
  /** Certificates are not checked. */
  readonly insecure: boolean
}

export interface SmtpServer {
  readonly host: string
  readonly port: number
}

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

export type SendMail = (mail: Mail) => Promise<void>

/** `host:port`; port 25 when there is none. */
export function smtpServer(address: string = ''): SmtpServer | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(address.trim())
  const host = match?.[1] ?? match?.[2]
  return host === undefined ? undefined : { host, port: Number(match?.[3] ?? 25) }
}

/** Milliseconds until a server that says nothing is given up. */
const patience = 10_000

/** Implicit TLS; on any other port it begins with STARTTLS, when the server offers it. */
const tlsPort = 465

/**
 * Sends by nodemailer, which is loaded with the first mail. A password is sent only over TLS, or to this very machine, as
 * Go's SMTP client has it.
 */
export function mailer(options: SmtpOptions, { host, port }: SmtpServer): SendMail {
  const { username = '', password = '', insecure } = options
  const hasLogin = username !== ''
  return async (mail) => {
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      host,
      port,
      secure: port === tlsPort,
      requireTLS: hasLogin && port !== tlsPort && !isLocal(host),
      ...(hasLogin && { auth: { user: username, pass: password } }),
      tls: { rejectUnauthorized: !insecure, ...(isIP(host) === 0 && { servername: host }) },
      connectionTimeout: patience,
      greetingTimeout: patience,
      socketTimeout: patience,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    try {
      await transport.sendMail({ ...mail, to: [...mail.to] })
    } finally {
      transport.close()
    }
  }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
