import { RegistryError } from '../registry/errors.ts'

/** That a store cannot be used as it is configured: its message is one line, what is wrong and what to do, without secrets. */
export class StoreProblem extends Error {
  override readonly name = 'StoreProblem'
  /** It may be over in a moment without anybody's doing: the store is down, or asked too much. */
  readonly mayPass: boolean

  constructor(message: string, { mayPass = false, cause }: { mayPass?: boolean; cause?: unknown } = {}) {
    super(message, { cause })
    this.mayPass = mayPass
  }
}

/** What a failure of a driver says to an operator, in one line: clients are told less. */
export function lineOf(error: unknown): string {
  const cause = error instanceof RegistryError && error.cause instanceof Error ? error.cause : error
  const line = cause instanceof Error ? cause.message : String(cause)
  return line.replaceAll(/\s+/g, ' ')
}
