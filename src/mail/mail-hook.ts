import type { Log } from '../registry/context.ts'
import type { LogHook } from '../util/log-entry.ts'
import { Delivery } from './delivery.ts'
import { Gathering } from './gathering.ts'
import { hookLevels } from './levels.ts'
import { mailText, type MailEntry } from './mail-text.ts'
import { mailer, smtpServer, type SendMail, type SmtpOptions } from './mailer.ts'

/** As `log.hooks[]` has it. */
export interface MailHookOptions {
  readonly levels: readonly string[]
  readonly options: {
    readonly smtp: SmtpOptions
    readonly from: string
    readonly to: readonly string[]
  }
}

export interface MailHook extends LogHook {
  /** Sends what is left, for so many milliseconds at the most (5 s). */
  stop(milliseconds?: number): Promise<void>
}

export interface MailHookParts {
  /** By nodemailer, when absent. */
  readonly send?: SendMail
  /** In which what is too much for single mails is gathered. */
  readonly minuteMilliseconds?: number
}

/**
 * Sends lines of the log by mail, in Distribution's form. A storm of them becomes one mail a minute. Nothing waits for it,
 * and it never throws.
 *
 * @param log told what is wrong; it may be the very log whose lines are mailed
 */
export function createMailHook(hook: MailHookOptions, log: Log, parts: MailHookParts = {}): MailHook {
  const { smtp, from, to } = hook.options
  const server = smtpServer(smtp.addr)
  const { levels, unknown } = hookLevels(hook.levels)
  if (unknown.length > 0) log.warn({ levels: unknown.join(', ') }, 'log.hooks: no such levels')
  if (server === undefined || from === '' || to.length === 0) {
    // Distribution starts with such a hook, too, and fails at each mail.
    log.warn({}, 'log.hooks: nothing is mailed: options.smtp.addr (host:port), from and to are needed')
    return { levels: [], fire: () => {}, stop: async () => {} }
  }
  const delivery = new Delivery(parts.send ?? mailer(smtp, server), log, server.host)
  const gathering = new Gathering<MailEntry>(
    (batch) => delivery.add({ from, to, ...mailText(batch, server.host) }),
    parts.minuteMilliseconds,
  )
  return {
    levels,
    fire(level, message, fields): void {
      if (!delivery.isReporting) gathering.add({ level, message, fields })
    },
    async stop(milliseconds = 5_000): Promise<void> {
      gathering.flush()
      await delivery.finish(milliseconds)
    },
  }
}
