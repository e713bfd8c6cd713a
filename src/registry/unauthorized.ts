import { RegistryError } from './errors.ts'

export interface UnauthorizedOptions {
  /** RFC 6750, 3.1. Absent where there were no credentials, or none of the kind that is asked for. */
  readonly reason?: 'invalid_token' | 'insufficient_scope'
  /** What was wrong with the credentials. Logged, never sent. */
  readonly cause?: unknown
}

/** Whoever sent this must say who he is, or say it better: answered with a challenge. */
export class Unauthorized extends RegistryError {
  readonly reason: UnauthorizedOptions['reason']

  constructor({ reason, cause }: UnauthorizedOptions = {}) {
    super('UNAUTHORIZED', { cause })
    this.name = 'Unauthorized'
    this.reason = reason
  }
}
