import { describePath, type Path } from './path.ts'
import { defaultSource, type Source } from './source.ts'

/**
 * The configuration before it has a type: what was written, and where. Immutable; an override makes a new tree that
 * shares what it does not change.
 */
export type Tree = Scalar | TreeMap | TreeList

export interface Located {
  /** Where the value is. */
  readonly source: Source
  /** Where the key that leads to it is; for a list's item, the same as `source`. */
  readonly keySource: Source
}

export interface Scalar extends Located {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As it was written. Go's YAML gives a text field this, so that `secret: 0123` is not octal. */
  readonly text: string
}

export interface TreeMap extends Located {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Tree>
}

export interface TreeList extends Located {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}

export function isNull(tree: Tree | undefined): boolean {
  return tree === undefined || (tree.kind === 'scalar' && tree.value === null)
}

export function emptyMap(located: Located): TreeMap {
  return { kind: 'map', entries: new Map(), source: located.source, keySource: located.keySource }
}

/** The tree below `map` at `key`, when it is a map and has that key with a value other than null. */
export function child(map: Tree | undefined, key: string): Tree | undefined {
  const found = map?.kind === 'map' ? map.entries.get(key) : undefined
  return isNull(found) ? undefined : found
}

export function withEntry(map: TreeMap, key: string, value: Tree): TreeMap {
  return { ...map, entries: new Map(map.entries).set(key, value) }
}

export function withoutEntry(map: TreeMap, key: string): TreeMap {
  const entries = new Map(map.entries)
  entries.delete(key)
  return { ...map, entries }
}

/** The deepest tree on the way along `path`, and whether that is the whole way. */
export function follow(root: Tree, path: Path): { readonly tree: Tree; readonly found: boolean } {
  let tree = root
  for (const part of path) {
    let next: Tree | undefined
    if (tree.kind === 'map') next = tree.entries.get(String(part))
    else if (tree.kind === 'list') next = tree.items[Number(part)]
    if (next === undefined) return { tree, found: false }
    tree = next
  }
  return { tree, found: true }
}

/** The source of each value in the tree, by its path. */
export function sourcesOf(root: Tree): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>()
  const visit = (tree: Tree, path: Path): void => {
    if (tree.kind === 'map') for (const [key, value] of tree.entries) visit(value, [...path, key])
    else if (tree.kind === 'list') tree.items.forEach((item, index) => visit(item, [...path, index]))
    // A null is a key without a value: what counts is then the default.
    if (path.length > 0 && !isNull(tree)) sources.set(describePath(path), tree.source)
  }
  visit(root, [])
  return sources
}

/** A tree of a plain value, such as the built-in defaults. */
export function treeOf(value: unknown, source: Source = defaultSource): Tree {
  const located = { source, keySource: source }
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item: unknown) => treeOf(item, source)), ...located }
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]): [string, Tree] => [key, treeOf(inner, source)])
    return { kind: 'map', entries: new Map(entries), ...located }
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', value, text: String(value), ...located }
  }
  return { kind: 'scalar', value: null, text: '', ...located }
}
