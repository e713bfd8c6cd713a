import { describeProblem, type Problem } from './config-error.ts'
import { isNull, type Tree } from './tree.ts'

export interface Availability {
  /** Features whose absence would change what the registry does or protects: the start is refused. */
  readonly problems: readonly Problem[]
  /** Features whose absence does no harm. */
  readonly warnings: readonly string[]
}

interface Feature {
  /** `*` stands for each key of a map or each item of a list. */
  readonly path: readonly string[]
  readonly action: 'refuse' | 'warn'
  /** Whether what stands there asks for the feature; by default, anything but empty or false values. */
  readonly used?: (tree: Tree, key: string | number | undefined) => boolean
}

const unavailable = 'not available in this version'

/** Parts of Distribution's configuration that this version has not. */
const absent: readonly Feature[] = [
  ...['swift', 'oss'].map((name): Feature => ({
    path: ['storage', name],
    action: 'refuse',
    used: () => true,
  })),
  { path: ['proxy', 'remoteurl'], action: 'refuse' },
  { path: ['middleware', 'registry', '*'], action: 'refuse', used: isEnabled },
  { path: ['middleware', 'repository', '*'], action: 'refuse', used: isEnabled },
  { path: ['notifications', 'endpoints', '*'], action: 'refuse', used: isEnabled },
  { path: ['policy', 'repository', 'classes'], action: 'refuse' },
  { path: ['validation', 'enabled'], action: 'warn' },
  { path: ['validation', 'manifests'], action: 'warn' },
  { path: ['reporting'], action: 'warn' },
  { path: ['compatibility'], action: 'warn' },
]

/** Judges what the configuration asks for and this version does not have. */
export function checkAvailability(root: Tree): Availability {
  const problems: Problem[] = []
  const warnings: string[] = []
  for (const { path, action, used = isSet } of absent) {
    for (const [where, tree] of matches(root, path, [])) {
      if (!used(tree, where.at(-1))) continue
      const problem = { source: tree.keySource, path: where, text: unavailable }
      if (action === 'refuse') problems.push(problem)
      else warnings.push(describeProblem({ ...problem, text: `${unavailable}, ignored` }))
    }
  }
  return { problems, warnings: [...new Set(warnings)] }
}

type Match = readonly [path: readonly (string | number)[], tree: Tree]

function matches(tree: Tree, pattern: readonly string[], path: Match[0]): readonly Match[] {
  const [part, ...rest] = pattern
  if (part === undefined) return [[path, tree]]
  if (tree.kind === 'scalar') return []
  const children: (readonly [string | number, Tree])[] =
    tree.kind === 'map' ? [...tree.entries] : tree.items.map((item, index) => [index, item])
  return children
    .filter(([key]) => part === '*' || part === key)
    .flatMap(([key, inner]) => matches(inner, rest, [...path, key]))
}

/** Whether there is anything below but empty and false values, which templates like to write out. */
function isSet(tree: Tree): boolean {
  if (tree.kind === 'map') return [...tree.entries.values()].some(isSet)
  if (tree.kind === 'list') return tree.items.length > 0
  return !isNull(tree) && tree.value !== '' && tree.value !== false
}

/** Distribution parses `disabled` of a middleware and then ignores it; we honour it. */
function isEnabled(tree: Tree): boolean {
  const disabled = tree.kind === 'map' ? tree.entries.get('disabled') : undefined
  return !isNull(tree) && !(disabled?.kind === 'scalar' && disabled.value === true)
}
