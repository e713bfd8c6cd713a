import { isUtf8 } from 'node:buffer'

/** What an `Authorization` header says (RFC 9110, 11.4). */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** Of no kind that a registry knows, or malformed. */
  | { readonly kind: 'other' }

const none: Credentials = { kind: 'none' }
const other: Credentials = { kind: 'other' }

/** Characters; nobody's user name and password are longer than this in base64. */
const longestBasic = 4096

/** Never throws, and never keeps what it did not understand. */
export function parseCredentials(header: string | undefined): Credentials {
  if (header === undefined || header === '') return none
  const space = header.indexOf(' ')
  const scheme = header.slice(0, Math.max(space, 0)).toLowerCase()
  const value = header.slice(space + 1)
  if (scheme === 'basic') return parseBasic(value)
  // A token is never empty, and holds no space (RFC 6750, 2.1).
  if (scheme === 'bearer' && value !== '' && !/\s/.test(value)) return { kind: 'bearer', token: value }
  return other
}

/** RFC 7617, 2: a user name has no colon, and neither part has control characters. In UTF-8. */
function parseBasic(value: string): Credentials {
  if (value.length > longestBasic || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return other
  const bytes = Buffer.from(value, 'base64')
  if (!isUtf8(bytes)) return other
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0 || /\p{Cc}/u.test(text)) return other
  // What podman, buildah and skopeo send that are not logged in.
  if (text === ':') return none
  return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) }
}
