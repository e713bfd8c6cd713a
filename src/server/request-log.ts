import type { Log } from '../registry/context.ts'
import type { Logger } from '../util/logger.ts'

/**
 * Makes logs for requests, whose every line carries the request's id. Cheap, for most requests write no line from
 * within.
 */
export function requestLogs(logger: Logger): (id: string) => Log {
  return (id) => new RequestLog(logger, id)
}

class RequestLog implements Log {
  readonly #logger: Logger
  readonly #fields: { readonly 'http.request.id': string }

  constructor(logger: Logger, id: string) {
    this.#logger = logger
    this.#fields = { 'http.request.id': id }
  }

  debug(fields: object, message: string): void {
    this.#logger.debug({ ...this.#fields, ...fields }, message)
  }

  info(fields: object, message: string): void {
    this.#logger.info({ ...this.#fields, ...fields }, message)
  }

  warn(fields: object, message: string): void {
    this.#logger.warn({ ...this.#fields, ...fields }, message)
  }

  error(fields: object, message: string): void {
    this.#logger.error({ ...this.#fields, ...fields }, message)
  }
}
