import { RegistryError } from './errors.ts'

/** A refusal that looks as if what was asked for were not there. Logs and the audit tell it from the truth. */
export class Hidden extends RegistryError {
  /** @param absent the failure of the same request about what does not exist: the client is told the same */
  constructor({ code, message, detail, retryAfter }: RegistryError) {
    super(code, { message, detail, ...(retryAfter !== undefined && { retryAfter }) })
    this.name = 'Hidden'
  }
}
