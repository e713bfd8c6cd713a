import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const sound = /^[\w.:@/+=-]{1,128}$/

/**
 * Gives every request a name: the one that a proxy or client gave it in `X-Request-Id`, else a new one. Cheap, for most
 * are never looked at.
 */
export function requestIds(): (request: IncomingMessage) => string {
  // Tells the requests of one process from those of another.
  const prefix = randomBytes(6).toString('hex')
  let requests = 0
  return ({ headers }) => {
    const given = headers['x-request-id']
    return typeof given === 'string' && sound.test(given) ? given : `${prefix}-${++requests}`
  }
}
