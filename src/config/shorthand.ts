import { layoutAt, type Layout } from './layout.ts'
import { emptyMap, withEntry, type Tree } from './tree.ts'

/** Writes out the text that stands for a section with one key without parameters: `storage: inmemory`, `auth: none`. */
export function expandShorthand(root: Tree, layout: Layout): Tree {
  if (root.kind !== 'map' || layout.kind !== 'struct') return root
  let expanded = root
  for (const [key, section] of root.entries) {
    const inner = layoutAt(layout, key)
    if (inner?.kind !== 'map' || !inner.shorthand || section.kind !== 'scalar' || section.value === null)
      continue
    const empty = emptyMap(section)
    // An empty text names nothing, as in Distribution.
    expanded = withEntry(expanded, key, section.text === '' ? empty : withEntry(empty, section.text, empty))
  }
  return expanded
}
