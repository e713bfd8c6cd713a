import { didYouMean } from './check-shape.ts'
import type { Problem } from './config-error.ts'
import { describeSource } from './source.ts'
import { child, type Tree } from './tree.ts'

const controllers: readonly string[] = ['none', 'silly', 'htpasswd', 'token']

/**
 * There may be one access controller, and one that exists: to pass over a misspelt one would open the registry to everybody. Of
 * several, Distribution 3 takes any.
 */
export function checkAccessController(root: Tree): readonly Problem[] {
  const auth = child(root, 'auth')
  if (auth?.kind !== 'map') return []
  const named = [...auth.entries]
  const unknown = named
    .filter(([name]) => !controllers.includes(name) && name.toLowerCase() !== 'none')
    .map(([name, { keySource: source }]): Problem => {
      const hint = didYouMean(name, controllers)
      const text = `no such access controller${hint}; allowed: ${controllers.join(', ')}`
      return { source, path: ['auth', name], text }
    })
  if (unknown.length > 0) return unknown
  const chosen = named.filter(([name]) => name.toLowerCase() !== 'none')
  if (chosen.length < 2) return []
  const found = chosen.map(([name, tree]) => `${name} (${describeSource(tree.keySource)})`).join(', ')
  const text = `found ${chosen.length} access controllers: ${found}; allowed: at most one of ${controllers.join(', ')}`
  return [{ source: auth.keySource, path: ['auth'], text }]
}
