/**
 * What stands behind a user's colon in a password file. Only bcrypt verifies, as in Distribution; everything else is named, so
 * that whoever made the file knows what to do about it.
 */
export type PasswordHash =
  | { readonly kind: 'bcrypt'; readonly cost: number; readonly hash: string }
  | { readonly kind: 'refused'; readonly why: string }

/** The highest that Apache's tool makes. One compare of cost 31 would keep a thread for days. */
export const highestCost = 17

/** A compare of a higher cost takes more than about a second. */
export const slowCost = 13

/** bcrypt's own least. */
const lowestCost = 4

/** Of a password; bcrypt ignores whatever comes after. */
export const longestPassword = 72

/** Version, cost, 22 characters of salt, 31 of hash. `$2x$` is made by an implementation that errs. */
const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** Constant texts, by how the string begins or what it looks like. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^\$apr1\$/, 'an MD5 hash (apr1)'],
  [/^\$1\$/, 'an MD5 hash (crypt)'],
  [/^\{SHA\}/i, 'a SHA-1 hash'],
  [/^\{SSHA\}/i, 'a salted SHA-1 hash'],
  [/^\$5\$/, 'a SHA-256 hash (crypt)'],
  [/^\$6\$/, 'a SHA-512 hash (crypt)'],
  [/^\$g?y\$/, 'a yescrypt hash'],
  [/^\$7\$/, 'an scrypt hash'],
  [/^\$argon2/, 'an Argon2 hash'],
  [/^[./A-Za-z0-9]{13}$/, 'a DES hash (crypt)'],
]

/** Judges one, without its user: never throws, and never quotes it. */
export function parsePasswordHash(text: string): PasswordHash {
  if (/^\$2[a-z]?\$/.test(text)) return parseBcrypt(text)
  const kind = others.find(([pattern]) => pattern.test(text))?.[1] ?? 'no hash'
  return { kind: 'refused', why: `${kind}, where bcrypt is needed (htpasswd -B makes it)` }
}

function parseBcrypt(text: string): PasswordHash {
  const cost = Number(bcrypt.exec(text)?.[1] ?? 0)
  if (cost > highestCost) {
    return { kind: 'refused', why: `bcrypt of cost ${cost}, where at most ${highestCost} is accepted` }
  }
  if (cost < lowestCost) return { kind: 'refused', why: 'a malformed bcrypt hash' }
  return { kind: 'bcrypt', cost, hash: text }
}

/** bcrypt's own base64, in its order. */
const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Where the last character of the salt stands. */
const saltEnd = 28

/**
 * Rewrites a bcrypt hash for the package bcrypt, which does not know `$2y$`, the name that PHP and Apache gave to what OpenBSD
 * calls `$2b$`. That package also writes the four unused bits at the end of the salt as zeros, and then compares whole strings.
 */
export function comparableHash(hash: string): string {
  const last = alphabet[alphabet.indexOf(hash.charAt(saltEnd)) & 0b110000] ?? '.'
  return `$2b$${hash.slice(4, saltEnd)}${last}${hash.slice(saltEnd + 1)}`
}

/** The cost of a bcrypt hash. */
export function costOf(hash: string): number {
  return Number(hash.slice(4, 6))
}

/** A well-formed hash of that cost which no password has: comparing with it takes as long as with any other. */
export function dummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
}
