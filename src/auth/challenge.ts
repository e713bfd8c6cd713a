import type { Access } from '../registry/access.ts'
import type { Unauthorized } from '../registry/unauthorized.ts'
import { formatScope, type ResourceScope } from './scope.ts'

export interface BearerChallengeOptions {
  /** Where a token is to be had: an absolute URL. */
  readonly realm: string
  /** The audience that the token must have. */
  readonly service: string
  /** What the token must allow. */
  readonly scopes: readonly ResourceScope[]
  /** What is wrong with the token that was sent. */
  readonly error?: NonNullable<Unauthorized['reason']>
}

/** The value of `WWW-Authenticate` that asks for a password (RFC 7617, 2), as Distribution writes it. */
export function basicChallenge(realm: string): string {
  return `Basic realm=${quoted(realm)}`
}

/** The value of `WWW-Authenticate` that asks for a token (RFC 6750, 3), as Distribution writes it: no space after a comma. */
export function bearerChallenge({ realm, service, scopes, error }: BearerChallengeOptions): string {
  const parts = [`realm=${quoted(realm)}`, `service=${quoted(service)}`]
  if (scopes.length > 0) parts.push(`scope=${quoted(scopes.map(formatScope).join(' '))}`)
  if (error !== undefined) parts.push(`error=${quoted(error)}`)
  return `Bearer ${parts.join(',')}`
}

/**
 * The scopes that a token needs for these accesses, in their order; the actions of one resource are together. Distribution's are
 * in any order.
 */
export function scopesOf(accesses: readonly Access[]): ResourceScope[] {
  const resources = new Map<string, { type: string; name: string; actions: Set<string> }>()
  for (const access of accesses) {
    const scope = scopeOf(access)
    if (scope === undefined) continue
    const { type, name, action } = scope
    const key = `${type}:${name}`
    const known = resources.get(key)
    if (known === undefined) resources.set(key, { type, name, actions: new Set([action]) })
    else known.actions.add(action)
  }
  return Array.from(resources.values(), ({ type, name, actions }) => ({ type, name, actions: [...actions] }))
}

function scopeOf(access: Access): { type: string; name: string; action: string } | undefined {
  if (access.kind === 'catalog') return { type: 'registry', name: 'catalog', action: '*' }
  if (access.kind !== 'repository') return undefined
  // Token servers know no `list`; Distribution asks for `pull` where tags are listed.
  const action = access.action === 'list' ? 'pull' : access.action
  return { type: 'repository', name: access.repository, action }
}

/** What Go does not print as it is: all that is no letter, mark, number, punctuation or symbol, but for the space. */
const unprintable = /[\p{C}\p{Z}]/gu

const shortEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/**
 * A quoted string as Go's `%q` writes it, which is one of RFC 9110, 5.6.4, too. No character of it ends the string or the header.
 * Its bytes are UTF-8, as Go sends them; Node sends each character of a header as one byte.
 */
function quoted(text: string): string {
  const escaped = text
    .replaceAll(/["\\]/g, '\\$&')
    .replaceAll(unprintable, (character) => (character === ' ' ? ' ' : escape(character)))
  return `"${Buffer.from(escaped, 'utf8').toString('latin1')}"`
}

function escape(character: string): string {
  const short = shortEscapes[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
