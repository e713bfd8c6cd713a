import { describeProblem } from './config-error.ts'
import { layoutAt, type Layout } from './layout.ts'
import type { Path } from './path.ts'
import type { Tree } from './tree.ts'

/**
 * Warns of durations without a unit. They count nanoseconds, as in Distribution: `draintimeout: 5` is five
 * billionths of a second, which nobody wants.
 */
export function checkDurations(root: Tree, layout: Layout): readonly string[] {
  const warnings: string[] = []
  const visit = (tree: Tree, expected: Layout | undefined, path: Path): void => {
    if (tree.kind === 'map' && (expected?.kind === 'struct' || expected?.kind === 'map')) {
      for (const [key, inner] of tree.entries) visit(inner, layoutAt(expected, key), [...path, key])
    } else if (tree.kind === 'list' && expected?.kind === 'list') {
      tree.items.forEach((item, index) => visit(item, expected.item, [...path, index]))
    } else if (tree.kind === 'scalar' && expected?.kind === 'duration') {
      if (typeof tree.value === 'number' && tree.value > 0) {
        const text = `${tree.text} without a unit is nanoseconds; write ${meant(tree.text, tree.value)}`
        warnings.push(describeProblem({ source: tree.source, path, text }))
      }
    }
  }
  visit(root, layout, [])
  return warnings
}

/** What was likely wanted: seconds by small numbers; large ones were counted out. */
function meant(text: string, nanoseconds: number): string {
  const milliseconds = nanoseconds / 1e6
  if (milliseconds < 1) return `for example ${text}s for seconds`
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`
}
