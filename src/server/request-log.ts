import { randomBytes } from 'node:crypto'
import type { Log } from '../registry/context.ts'
import type { Logger } from '../util/logger.ts'

/** Tells the requests of one process from those of another. */
const processId = randomBytes(6).toString('hex')
let requests = 0

/** A log whose every line carries the id of one request. Cheap, for most requests write no line. */
export function requestLog(logger: Logger): Log {
  return new RequestLog(logger, ++requests)
}

class RequestLog implements Log {
  readonly #logger: Logger
  readonly #number: number

  constructor(logger: Logger, number: number) {
    this.#logger = logger
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
    return { 'http.request.id': `${processId}-${this.#number}` }
  }
}
