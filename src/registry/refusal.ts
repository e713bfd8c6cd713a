import { RegistryError } from './errors.ts'
import { Hidden } from './hidden.ts'
import { Unauthorized } from './unauthorized.ts'

/** The ways in which somebody is refused, rather than something failing. The first three are answered with a challenge. */
export const refusalKinds = [
  'unauthenticated',
  'invalid_token',
  'insufficient_scope',
  'denied',
  /** Nobody may: the tag has its manifest for ever. */
  'immutable',
  'throttled',
] as const

export type RefusalKind = (typeof refusalKinds)[number]

/**
 * How a failure refuses whoever asked; undefined for a failure that has nothing to do with who it was.
 *
 * @param failure whatever was thrown
 */
export function refusalOf(failure: unknown): RefusalKind | undefined {
  if (!(failure instanceof RegistryError)) return undefined
  if (failure instanceof Unauthorized) return failure.reason ?? 'unauthenticated'
  if (failure instanceof Hidden) return 'denied'
  switch (failure.code) {
    case 'UNAUTHORIZED':
      return 'unauthenticated'
    case 'DENIED':
      return 'denied'
    case 'TAG_IMMUTABLE':
      return 'immutable'
    case 'TOO_MANY_REQUESTS':
      return 'throttled'
    default:
      return undefined
  }
}

/** Why, in a few words, for logs; undefined where nobody said. */
export function refusalReason(failure: unknown): string | undefined {
  const { cause } = failure instanceof RegistryError ? failure : {}
  if (typeof cause === 'string') return cause
  // What a parser says quotes what it parsed: perhaps a token.
  if (cause instanceof SyntaxError) return 'malformed'
  return cause instanceof Error ? cause.message : undefined
}
