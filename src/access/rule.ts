import type { Action } from '../registry/access.ts'

/** Whom a rule is about. */
export type Who =
  /** Everybody, logged in or not: what needs no login is not lost by one. */
  | { readonly kind: 'anonymous' }
  /** Whoever has a name. */
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  /** Whoever's token has that claim, or a list there that holds the value. */
  | { readonly kind: 'claim'; readonly name: string; readonly value: string }

/** What some people may do with some repositories. */
export interface Rule {
  readonly who: readonly Who[]
  /** Patterns of repositories. */
  readonly repositories: readonly string[]
  /** Here `push` need not say `pull`, which it includes. */
  readonly allow: readonly Action[]
  /** Patterns of the tags that a push may set; empty: any. */
  readonly tags: readonly string[]
  /** Its key in the configuration: `access.rules[2]`. */
  readonly key: string
  /** Where it stands: `/etc/berth/config.yml:12:7`. */
  readonly place: string
}

/** Whoever asks, as far as he is known. */
export interface Subject {
  /** Absent, or empty, for whoever did not say who he is. */
  readonly name?: string
  /** Of his token. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** What a rule is called in the log. */
export function describeRule({ place }: Rule): string {
  return place
}

/** A line about it, for the user: `/etc/berth/config.yml:12:7: access.rules[2]: …`. */
export function placeRule({ key, place }: Rule, text: string): string {
  return [...(place === key ? [] : [place]), key, text].join(': ')
}

/** As the configuration writes it. */
export function describeWho(who: Who): string {
  switch (who.kind) {
    case 'anonymous':
    case 'authenticated':
      return who.kind
    case 'claim':
      return `claim:${who.name}=${who.value}`
    default:
      return `${who.kind}:${who.name}`
  }
}
