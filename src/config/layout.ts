/**
 * What the configuration looks like: which keys there are, of what type, and what is said of each. It is the one source
 * of the checks of keys and variables, of docs/configuration.md and of the JSON Schema.
 *
 * In Distribution some keys are fields of Go structs, whose environment variables are matched exactly, and some are keys
 * of Go maps, matched in any letter case.
 */
export type Layout = Struct | OpenMap | List | Leaf

export interface Struct {
  readonly kind: 'struct'
  readonly fields: Readonly<Record<string, Layout>>
  /** Parts of variable names, for fields whose Go name is not the key in upper case. */
  readonly variables: Readonly<Record<string, string>>
  /** The name of an embedded struct that holds all fields: it may stand in a variable's name, or not. */
  readonly embedded?: string
  readonly about?: About
}

export interface OpenMap {
  readonly kind: 'map'
  /** The keys that mean something. */
  readonly known: Readonly<Record<string, Layout>>
  /** What any other key holds; without it, other keys are unknown. */
  readonly others?: Layout
  /** Text stands for a map with that one key: `storage: inmemory`. */
  readonly shorthand: boolean
  readonly about?: About
}

export interface List {
  readonly kind: 'list'
  readonly item: Layout
  readonly about?: About
}

export interface Leaf {
  /**
   * How it is read: `text` is taken as written, `value` and `duration` with their YAML type, `any` may also be a map or
   * a list.
   */
  readonly kind: 'text' | 'value' | 'duration' | 'any'
  /** What belongs there, for people and editors. Absent: anything. */
  readonly type?: ValueType
  readonly about?: About
}

export type ValueType =
  | { readonly name: 'flag' }
  | { readonly name: 'whole number'; readonly minimum?: number; readonly maximum?: number }
  | { readonly name: 'duration' }
  /** One of these, in any letter case. `open`: others are passed over. */
  | { readonly name: 'word'; readonly words: readonly string[]; readonly open?: true }
  | { readonly name: TextName }

/** All are text; the names tell people what kind of text. */
export type TextName = 'text' | 'path' | 'URL' | 'host:port' | 'regular expression'

/** The versions of Distribution that have a key. `berth`: none, it is ours. */
export type Since = '2 and 3' | '2 only' | '3' | '3.1' | '3.1.2' | 'berth'

/** What is said of a key. */
export interface About {
  /** One or two sentences, in Markdown. */
  readonly meaning: string
  /** Absent: as what it is in. At the top: `2 and 3`. */
  readonly since?: Since
  /** What counts without it, as it would be written in the file. */
  readonly default?: string | number | boolean
  /** What happens without it, where no value could say it; in Markdown. */
  readonly unset?: string
  /** A change counts only after a restart, not when the configuration is loaded again. Absent: as what it is in; at the top: no. */
  readonly restart?: boolean
  /** An older name: the path of the key that has taken its place, or that it means the same as. */
  readonly replacedBy?: string
  /** No environment variable sets it, though one has its name. */
  readonly variable?: false
  /** Opens the section in docs/configuration.md: some paragraphs, in Markdown. */
  readonly introduction?: string
}

/** Whether it has keys. */
export function hasKeys(layout: Layout): layout is Struct | OpenMap {
  return layout.kind === 'struct' || layout.kind === 'map'
}

/** The part of a variable's name that means the field. */
export function variablePart(layout: Struct, field: string): string {
  return layout.variables[field] ?? field.toUpperCase()
}

/** The layout of `key` in a struct or map; `undefined` when the key is unknown there. */
export function layoutAt(layout: Struct | OpenMap, key: string): Layout | undefined {
  const named = namedKeys(layout)
  // `Object.hasOwn`: a key such as `constructor` must not find what every object inherits.
  if (Object.hasOwn(named, key)) return named[key]
  return layout.kind === 'map' ? layout.others : undefined
}

/** The keys that have a name of their own, in the order in which they are described. */
export function namedKeys(layout: Struct | OpenMap): Readonly<Record<string, Layout>> {
  return layout.kind === 'struct' ? layout.fields : layout.known
}
