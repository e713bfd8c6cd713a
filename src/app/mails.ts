import type { Config } from '../config/config.ts'
import { createMailHook, type MailHook } from '../mail/mail-hook.ts'
import type { Logger } from '../util/logger.ts'

/** `log.hooks`: lines of some levels by mail. */
export class Mails {
  readonly #log: Logger
  #hooks: readonly MailHook[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  /** Takes the hooks of a configuration into use, in the place of earlier ones. */
  use({ log }: Config): void {
    const earlier = this.#hooks
    this.#hooks = log.hooks
      .filter(({ type, disabled }) => type === 'mail' && !disabled)
      .map((hook) => createMailHook(hook, this.#log))
    this.#log.setHooks(this.#hooks)
    void Promise.all(earlier.map((hook) => hook.stop()))
  }

  /** Sends what is left. */
  async stop(): Promise<void> {
    this.#log.setHooks([])
    await Promise.all(this.#hooks.map((hook) => hook.stop()))
  }
}
