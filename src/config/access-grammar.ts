import type { AllowWord } from './access.ts'

// What the words of `access` mean. What a pattern matches is the matter of `src/access`.

/** Whom a rule is about. */
export type Who =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  /** A token's claim is that text, or a list that holds it. */
  | { readonly kind: 'claim'; readonly name: string; readonly value: string }

export const whoKinds: readonly string[] = ['anonymous', 'authenticated', 'user', 'group', 'claim']

export const allowWords: readonly AllowWord[] = ['pull', 'push', 'delete', 'list', 'all']

/** Characters of a name or claim; longer ones are mistakes. */
const longest = 512

/** `undefined` for what names nobody. */
export function parseWho(text: string): Who | undefined {
  if (text === 'anonymous' || text === 'authenticated') return { kind: text }
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const rest = text.slice(colon + 1)
  if (kind === 'user') return isName(rest) ? { kind, name: rest } : undefined
  if (kind === 'group') return isGroupName(rest) ? { kind, name: rest } : undefined
  if (kind !== 'claim') return undefined
  const equals = rest.indexOf('=')
  const name = rest.slice(0, Math.max(equals, 0))
  const value = rest.slice(equals + 1)
  return isName(name) && isName(value) ? { kind, name, value } : undefined
}

/** Any text that a login may give; a token's subject may hold colons and spaces. */
export function isName(text: string): boolean {
  return text !== '' && text.length <= longest && text.trim() === text && !/\p{Cc}/u.test(text)
}

/** As a group file can write it. */
export function isGroupName(text: string): boolean {
  return isName(text) && !/[\s:#]/.test(text)
}

/** The name of a repository (OCI distribution specification, "Pulling manifests") has components of this form. */
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/

/** Bytes; no name is longer. */
const longestPattern = 255

/**
 * Whether a text is a pattern of repositories that some name matches.
 *
 * @param variables whether `{user}` may be a component of it
 */
export function isRepositoryPattern(text: string, { variables }: { readonly variables: boolean }): boolean {
  if (text.length > longestPattern) return false
  return text.split('/').every((part) => {
    if (part === '**' || (variables && part === '{user}')) return true
    // A wildcard that can be anything can be one letter: if that makes no name, then nothing does.
    return !part.includes('**') && component.test(part.replaceAll('*', 'a'))
  })
}

/** Whether a text is a pattern that some tag matches. */
export function isTagPattern(text: string): boolean {
  return !text.includes('**') && /^[A-Za-z0-9_*][A-Za-z0-9._*-]{0,127}$/.test(text)
}

export interface ImmutablePattern {
  readonly repositories: string
  readonly tags: string
}

/** `[REPOSITORY:]TAG`; neither can hold a colon. `undefined` for what is none. */
export function parseImmutable(text: string): ImmutablePattern | undefined {
  const colon = text.lastIndexOf(':')
  const repositories = colon < 0 ? '**' : text.slice(0, colon)
  const tags = text.slice(colon + 1)
  if (!isRepositoryPattern(repositories, { variables: false }) || !isTagPattern(tags)) return undefined
  return { repositories, tags }
}
