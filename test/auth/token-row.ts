import { goodClaims, type Content } from './token-keys.ts'
import { issuer, service } from './token-rig.ts'

/** A token that a registry accepts or not. */
export interface Row {
  readonly name: string
  readonly token: string
  /** Asked for a repository that the token may name; default: whether it is let in at all. */
  readonly repository?: string
}

/** Claims that a registry of the tests accepts, but for a change. */
export function good(change: Content = {}): Content {
  return { ...goodClaims(issuer, service), ...change }
}
