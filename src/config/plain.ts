import { layoutAt, type Layout } from './layout.ts'
import type { Tree } from './tree.ts'

/**
 * The tree as plain values for the schema. Text fields get what was written; a key without a value counts as not
 * there, or as an empty section where it leads to one (`inmemory:`), which is what Go makes of it.
 */
export function toPlain(tree: Tree, layout: Layout = { kind: 'any' }): unknown {
  const isSection = layout.kind === 'struct' || layout.kind === 'map'
  if (tree.kind === 'scalar') {
    if (tree.value === null) return isSection ? {} : undefined
    return layout.kind === 'text' ? tree.text : tree.value
  }
  if (tree.kind === 'list') {
    return tree.items.map((item) => toPlain(item, layout.kind === 'list' ? layout.item : undefined))
  }
  const plain: Record<string, unknown> = {}
  for (const [key, inner] of tree.entries) {
    const value = toPlain(inner, isSection ? layoutAt(layout, key) : undefined)
    if (value === undefined) continue
    // Defined, not assigned: `__proto__` is then a key like any other.
    Object.defineProperty(plain, key, { value, enumerable: true, writable: true, configurable: true })
  }
  return plain
}
