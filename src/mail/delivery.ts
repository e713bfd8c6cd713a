import type { Log } from '../registry/context.ts'
import type { Mail, SendMail } from './mailer.ts'

/** Mails that may wait for those before them. More means that the mail server is away, or too slow. */
const longestQueue = 20

/** Sends mails one at a time. What fails is in the log, once until a mail is sent again; what is too much is dropped. */
export class Delivery {
  readonly #send: SendMail
  readonly #log: Log
  readonly #server: string
  #waiting = 0
  #last: Promise<void> = Promise.resolve()
  #isFailing = false
  #isReporting = false

  constructor(send: SendMail, log: Log, server: string) {
    this.#send = send
    this.#log = log
    this.#server = server
  }

  /** While a failure is logged: that line must not be mailed. */
  get isReporting(): boolean {
    return this.#isReporting
  }

  add(mail: Mail): void {
    if (this.#waiting >= longestQueue) return
    this.#waiting++
    this.#last = this.#last.then(() => this.#deliver(mail))
  }

  /** Waits until all are sent, for so many milliseconds at the most. */
  async finish(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds)
    })
    await Promise.race([this.#last, expired])
    clearTimeout(timer)
  }

  async #deliver(mail: Mail): Promise<void> {
    try {
      await this.#send(mail)
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#report(error)
      this.#isFailing = true
    } finally {
      this.#waiting--
    }
  }

  #report(error: unknown): void {
    this.#isReporting = true
    this.#log.warn({ err: error, server: this.#server }, 'log.hooks: mail not sent')
    this.#isReporting = false
  }
}
