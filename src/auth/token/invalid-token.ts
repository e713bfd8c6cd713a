import { Unauthorized } from '../../registry/unauthorized.ts'

/**
 * A token that does not count.
 *
 * @param why for the log: constant text, nothing of the token
 */
export function invalidToken(why: string): Unauthorized {
  return new Unauthorized({ reason: 'invalid_token', cause: new Error(why) })
}
