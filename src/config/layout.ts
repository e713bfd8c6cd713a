/**
 * What Distribution's configuration looks like, without meaning: which keys there are, and which of them are fields
 * of Go structs (whose environment variables are matched exactly) or keys of Go maps (matched in any letter case).
 */
export type Layout = Struct | OpenMap | List | Leaf

export interface Struct {
  readonly kind: 'struct'
  readonly fields: Readonly<Record<string, Layout>>
  /** Parts of variable names, for fields whose Go name is not the key in upper case. */
  readonly variables: Readonly<Record<string, string>>
  /** The name of an embedded struct that holds all fields: it may stand in a variable's name, or not. */
  readonly embedded?: string
}

export interface OpenMap {
  readonly kind: 'map'
  /** The keys that mean something. */
  readonly known: Readonly<Record<string, Layout>>
  /** What any other key holds; without it, other keys are unknown. */
  readonly others?: Layout
  /** Text stands for a map with that one key: `storage: inmemory`. */
  readonly shorthand: boolean
}

export interface List {
  readonly kind: 'list'
  readonly item: Layout
}

/** `text` is taken as written, `value` with its YAML type, `any` may also be a map or a list. */
export interface Leaf {
  readonly kind: 'text' | 'value' | 'duration' | 'any'
}

export const text: Leaf = { kind: 'text' }
export const value: Leaf = { kind: 'value' }
export const duration: Leaf = { kind: 'duration' }
export const any: Leaf = { kind: 'any' }

export function struct(
  fields: Readonly<Record<string, Layout>>,
  options: { readonly variables?: Readonly<Record<string, string>>; readonly embedded?: string } = {},
): Struct {
  return { kind: 'struct', fields, variables: {}, ...options }
}

/** A map that has only these keys. */
export function keys(
  known: Readonly<Record<string, Layout>>,
  options: { readonly shorthand?: boolean } = {},
): OpenMap {
  return { kind: 'map', known, shorthand: false, ...options }
}

/** A map with any keys. */
export function mapOf(others: Layout): OpenMap {
  return { kind: 'map', known: {}, others, shorthand: false }
}

export function listOf(item: Layout): List {
  return { kind: 'list', item }
}

/** The part of a variable's name that means the field. */
export function variablePart(layout: Struct, field: string): string {
  return layout.variables[field] ?? field.toUpperCase()
}

/** The layout of `key` in a struct or map; `undefined` when the key is unknown there. */
export function layoutAt(layout: Struct | OpenMap, key: string): Layout | undefined {
  const named = layout.kind === 'struct' ? layout.fields : layout.known
  // `Object.hasOwn`: a key such as `constructor` must not find what every object inherits.
  if (Object.hasOwn(named, key)) return named[key]
  return layout.kind === 'map' ? layout.others : undefined
}
