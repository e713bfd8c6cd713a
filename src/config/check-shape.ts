import { describeProblem, notAllowed, type Problem } from './config-error.ts'
import { layoutAt, type Layout, type OpenMap, type Struct } from './layout.ts'
import { nearest } from './nearest.ts'
import { isUnknownRefused } from './own-sections.ts'
import type { Path } from './path.ts'
import { isNull, type Tree } from './tree.ts'
import { asList, withoutSpace } from './write-hints.ts'

export interface Shape {
  /** Something of another kind than its key needs, such as text in the place of a map; and unknown keys that are refused. */
  readonly problems: readonly Problem[]
  /** Keys that mean nothing. */
  readonly warnings: readonly string[]
}

/** Compares a tree with the layout: which keys are known, and whether maps, lists and text are where they must be. */
export function checkShape(root: Tree, layout: Layout): Shape {
  const problems: Problem[] = []
  const warnings: string[] = []

  const visit = (tree: Tree, expected: Layout, path: Path): void => {
    if (isNull(tree)) return
    switch (expected.kind) {
      case 'struct':
      case 'map':
        if (tree.kind === 'map') visitMap(tree.entries, expected, path)
        else problems.push(notAllowed(path, tree, 'a map'))
        break
      case 'list':
        if (tree.kind === 'list') {
          tree.items.forEach((item, index) => visit(item, expected.item, [...path, index]))
        } else problems.push(notAllowed(path, tree, `a list${asList(path, tree, expected)}`))
        break
      case 'text':
        if (tree.kind !== 'scalar') problems.push(notAllowed(path, tree, `text${withoutSpace(path, tree)}`))
        break
      default:
        break
    }
  }

  const visitMap = (entries: ReadonlyMap<string, Tree>, expected: Struct | OpenMap, path: Path): void => {
    for (const [key, inner] of entries) {
      const known = layoutAt(expected, key)
      if (known !== undefined) visit(inner, known, [...path, key])
      // An unknown key of `storage` or `auth` names a driver that does not exist, which is no mere warning.
      else if (!(expected.kind === 'map' && expected.shorthand))
        visitUnknown(inner, knownKeys(expected), [...path, key], key)
    }
  }

  const visitUnknown = (
    { keySource: source }: Tree,
    known: readonly string[],
    path: Path,
    key: string,
  ): void => {
    const hint = didYouMean(key, known)
    if (!isUnknownRefused(path, nearest(key, known)))
      warnings.push(describeProblem({ source, path, text: `unknown key, ignored${hint}` }))
    // At the top there are too many to name.
    else if (path.length === 1) problems.push({ source, path, text: `unknown key${hint}` })
    else problems.push({ source, path, text: `unknown key${hint}; allowed: ${known.join(', ')}` })
  }

  visit(root, layout, [])
  return { problems, warnings }
}

function knownKeys(layout: Struct | OpenMap): readonly string[] {
  return Object.keys(layout.kind === 'struct' ? layout.fields : layout.known)
}

/** ` (did you mean addr?)`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}
