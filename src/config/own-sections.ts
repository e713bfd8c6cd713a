import type { Path } from './path.ts'

/** Sections that Distribution has not. What stands there was written for Berth. */
const own: ReadonlySet<unknown> = new Set(['access', 'audit'])

/** Sections of which a misspelt name would open the registry, or leave it without its audit log. */
const guarding: ReadonlySet<string | undefined> = new Set(['access', 'auth', 'audit'])

/**
 * Whether a mistake in a key is refused, not passed over with a warning as Distribution's own keys are: a rule that counts for
 * nothing may leave open what it was to close.
 */
export function isOwn(path: Path): boolean {
  return own.has(path[0])
}

/** The same of a key that nobody knows, which would be the last of the path. */
export function isUnknownRefused(path: Path, meant: string | undefined): boolean {
  return path.length === 1 ? guarding.has(meant) : isOwn(path)
}
