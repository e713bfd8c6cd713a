import type { About, Layout, Leaf, List, OpenMap, Struct, TextName } from '../layout.ts'

// The words in which the sections of the layout are written.

/** What may be said of a key besides its meaning. */
type More = Omit<About, 'meaning'>

interface StructOptions extends More {
  /** Parts of variable names, for fields whose Go name is not the key in upper case. */
  readonly variables?: Readonly<Record<string, string>>
  readonly embedded?: string
}

/** A section, in Distribution a Go struct. */
export function struct(
  meaning: string,
  fields: Readonly<Record<string, Layout>>,
  { variables = {}, embedded, ...more }: StructOptions = {},
): Struct {
  const options = embedded === undefined ? { variables } : { variables, embedded }
  return { kind: 'struct', fields, ...options, about: { meaning, ...more } }
}

interface KeysOptions extends More {
  readonly shorthand?: boolean
  /** What any other key holds. */
  readonly others?: Layout
}

/** A section with these keys, in Distribution a Go map. */
export function keys(
  meaning: string,
  known: Readonly<Record<string, Layout>>,
  { shorthand = false, others, ...more }: KeysOptions = {},
): OpenMap {
  const options = others === undefined ? { shorthand } : { shorthand, others }
  return { kind: 'map', known, ...options, about: { meaning, ...more } }
}

/**
 * A section whose values are untyped in Distribution: they have the type that YAML gives them, so that a name `0123` is
 * the number 83 there.
 */
export function parameters(
  meaning: string,
  known: Readonly<Record<string, Layout>>,
  options: KeysOptions = {},
): OpenMap {
  const untyped = Object.entries(known).map(([key, layout]): [string, Layout] => [
    key,
    layout.kind === 'text' ? { ...layout, kind: 'value' } : layout,
  ])
  return keys(meaning, Object.fromEntries(untyped), options)
}

/** A map with any keys. */
export function mapOf(others: Layout, meaning: string, more: More = {}): OpenMap {
  return { kind: 'map', known: {}, others, shorthand: false, about: { meaning, ...more } }
}

export function listOf(item: Layout, meaning: string, more: More = {}): List {
  return { kind: 'list', item, about: { meaning, ...more } }
}

/** One of these words. Others are allowed and mean nothing. */
export function openWord(known: readonly string[], meaning: string, more: More = {}): Leaf {
  return { kind: 'text', type: { name: 'word', words: known, open: true }, about: { meaning, ...more } }
}

/** A list of texts. */
export function texts(meaning: string, more: More = {}, name: TextName = 'text'): List {
  return listOf({ kind: 'text', type: { name } }, meaning, more)
}

/** A list of some of these words. */
export function words(allowed: readonly string[], meaning: string, more: More = {}): List {
  return listOf({ kind: 'text', type: { name: 'word', words: allowed } }, meaning, more)
}

export function text(meaning: string, more: More = {}, name: TextName = 'text'): Leaf {
  return { kind: 'text', type: { name }, about: { meaning, ...more } }
}

/** The path of a file or folder on the registry's machine. */
export function path(meaning: string, more: More = {}): Leaf {
  return text(meaning, more, 'path')
}

export function url(meaning: string, more: More = {}): Leaf {
  return text(meaning, more, 'URL')
}

export function address(meaning: string, more: More = {}): Leaf {
  return text(meaning, more, 'host:port')
}

export function word(allowed: readonly string[], meaning: string, more: More = {}): Leaf {
  return { kind: 'text', type: { name: 'word', words: allowed }, about: { meaning, ...more } }
}

export function flag(meaning: string, more: More = {}): Leaf {
  return { kind: 'value', type: { name: 'flag' }, about: { meaning, ...more } }
}

interface WholeOptions extends More {
  readonly minimum?: number
  readonly maximum?: number
}

export function whole(meaning: string, { minimum, maximum, ...more }: WholeOptions = {}): Leaf {
  const bounds = { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) }
  return { kind: 'value', type: { name: 'whole number', ...bounds }, about: { meaning, ...more } }
}

export function duration(meaning: string, more: More = {}): Leaf {
  return { kind: 'duration', type: { name: 'duration' }, about: { meaning, ...more } }
}

/** The values of a map, or the items of a list, of which nothing is known. */
export const anyValue: Leaf = { kind: 'any' }

/** The values of HTTP headers, by their names. */
export function headers(meaning: string, more: More = {}): OpenMap {
  return mapOf({ kind: 'list', item: { kind: 'text', type: { name: 'text' } } }, meaning, more)
}
