import { randomBytes } from 'node:crypto'
import type { Log } from '../registry/context.ts'
import type { Logger } from '../util/logger.ts'

/**
 * Makes logs for requests, whose every line carries the request's id. Cheap, for most requests write no line.
 *
 * @returns a function to be called once for each request
 */
export function requestLogs(logger: Logger): () => Log {
  // Tells the requests of one process from those of another.
  const prefix = randomBytes(6).toString('hex')
  let requests = 0
  return () => new RequestLog(logger, prefix, ++requests)
}

class RequestLog implements Log {
  readonly #logger: Logger
  readonly #prefix: string
  readonly #number: number

  constructor(logger: Logger, prefix: string, number: number) {
    this.#logger = logger
    this.#prefix = prefix
    this.#number = number
  }

  debug(fields: object, message: string): void {
    this.#logger.debug({ ...this.#id(), ...fields }, message)
  }

  info(fields: object, message: string): void {
    this.#logger.info({ ...this.#id(), ...fields }, message)
  }

  warn(fields: object, message: string): void {
    this.#logger.warn({ ...this.#id(), ...fields }, message)
  }

  error(fields: object, message: string): void {
    this.#logger.error({ ...this.#id(), ...fields }, message)
  }

  #id(): { readonly 'http.request.id': string } {
    return { 'http.request.id': `${this.#prefix}-${this.#number}` }
  }
}
