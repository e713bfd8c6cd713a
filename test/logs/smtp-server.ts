import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'

/** A mail server that keeps what it gets. */
export interface SmtpServer {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** All commands of all clients, as they came. */
  readonly commands: string[]
  /** Answers to the end of a mail; 250 accepts it. */
  verdict: string
  until(count: number): Promise<void>
}

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Of the header, with what was folded in one line. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly isSecure: boolean
  /** `user:password`, as they were given. */
  readonly login: string | undefined
}

export interface SmtpServerOptions {
  /** PEM. With them it offers STARTTLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

export async function smtpServer(test: TestContext, options: SmtpServerOptions = {}): Promise<SmtpServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    new Session(socket, options.tls, smtp).start()
  })
  const smtp: SmtpServer = {
    port: await freePort(),
    mails: [],
    commands: [],
    verdict: '250 taken',
    async until(count): Promise<void> {
      const deadline = Date.now() + 20_000
      while (smtp.mails.length < count) {
        assert.ok(
          Date.now() < deadline,
          `${smtp.mails.length} of ${count} mails; ${smtp.commands.join('; ')}`,
        )
        await delay(10)
      }
    },
  }
  await new Promise<void>((resolve) => server.listen(smtp.port, '127.0.0.1', resolve))
  test.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return smtp
}

class Session {
  readonly #tls: SmtpServerOptions['tls']
  readonly #server: SmtpServer
  #socket: Socket
  #text = ''
  #isData = false
  #isSecure = false
  #login: string | undefined
  #from = ''
  #to: string[] = []

  constructor(socket: Socket, tls: SmtpServerOptions['tls'], server: SmtpServer) {
    this.#socket = socket
    this.#tls = tls
    this.#server = server
  }

  start(): void {
    this.#listen()
    this.#answer('220 mail.example.com ready')
  }

  #listen(): void {
    this.#socket.on('error', () => {})
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
      this.#read()
    })
  }

  #read(): void {
    for (;;) {
      const end = this.#isData ? '\r\n.\r\n' : '\r\n'
      const at = this.#text.indexOf(end)
      if (at < 0) return
      const part = this.#text.slice(0, at)
      this.#text = this.#text.slice(at + end.length)
      if (this.#isData) this.#take(part)
      else this.#command(part)
    }
  }

  #command(line: string): void {
    this.#server.commands.push(line)
    const [, verb = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? []
    switch (verb.toUpperCase()) {
      case 'EHLO':
        if (this.#tls !== undefined && !this.#isSecure) this.#answer('250-mail.example.com\r\n250 STARTTLS')
        else this.#answer('250-mail.example.com\r\n250 AUTH PLAIN')
        break
      case 'STARTTLS':
        this.#answer('220 go ahead')
        this.#upgrade()
        break
      case 'AUTH': {
        const [, user = '', password = ''] = Buffer.from(rest.replace('PLAIN ', ''), 'base64')
          .toString()
          .split('\0')
        this.#login = `${user}:${password}`
        this.#answer('235 welcome')
        break
      }
      case 'MAIL':
        this.#from = /<(.*?)>/.exec(rest)?.[1] ?? ''
        this.#to = []
        this.#answer('250 ok')
        break
      case 'RCPT':
        this.#to.push(/<(.*?)>/.exec(rest)?.[1] ?? '')
        this.#answer('250 ok')
        break
      case 'DATA':
        this.#isData = true
        this.#answer('354 go ahead')
        break
      case 'QUIT':
        this.#answer('221 bye')
        this.#socket.end()
        break
      default:
        this.#answer('502 no such command')
    }
  }

  #take(content: string): void {
    this.#isData = false
    const [head = '', ...rest] = content.split('\r\n\r\n')
    const lines = head.replaceAll(/\r\n\s+/g, ' ').split('\r\n')
    if (this.#server.verdict.startsWith('250')) {
      this.#server.mails.push({
        from: this.#from,
        to: this.#to,
        headers: new Map(
          lines.map((line) => [
            line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 2),
          ]),
        ),
        text: rest.join('\r\n\r\n').replaceAll('\r\n', '\n'),
        isSecure: this.#isSecure,
        login: this.#login,
      })
    }
    this.#answer(this.#server.verdict)
  }

  #upgrade(): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(this.#tls) })
    this.#isSecure = true
    this.#listen()
  }

  #answer(text: string): void {
    this.#socket.write(`${text}\r\n`)
  }
}
