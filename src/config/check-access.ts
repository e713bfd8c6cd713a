import { parseWho } from './access-grammar.ts'
import { describeProblem, type Problem } from './config-error.ts'
import type { Config } from './config.ts'
import type { Path } from './path.ts'
import { child, isNull, type Tree } from './tree.ts'

/** An empty list is what is left of rules that were deleted, or that a template did not fill in: it would let everybody in. */
export function refuseEmptyRules(root: Tree): readonly Problem[] {
  const access = child(root, 'access')
  const rules = access?.kind === 'map' ? access.entries.get('rules') : undefined
  if (rules === undefined) return []
  const isEmpty = rules.kind === 'list' ? rules.items.length === 0 : isNull(rules)
  const text = 'empty: leave the key out, and whoever is let in may do everything, or write a rule'
  return isEmpty ? [{ source: rules.keySource, path: ['access', 'rules'], text }] : []
}

/** Parts of `access` that have no effect. */
export function ignoredAccess(root: Tree, { access, auth }: Config): readonly string[] {
  const section = root.kind === 'map' ? root.entries.get('access') : undefined
  if (section === undefined) return []
  if (access.rules.length === 0) return withoutRules(section, access)
  const token = child(section, 'token')
  if (token === undefined || !isTokenSet(access)) return []
  if (auth.name === 'token')
    return [warning(['access', 'token'], token, 'no effect beside auth.token, whose server makes the tokens')]
  const hasAnonymous = access.rules.some(({ who }) => who.some((one) => parseWho(one)?.kind === 'anonymous'))
  const text = 'no effect without a rule for anonymous: clients send their password, and get no tokens'
  return hasAnonymous ? [] : [warning(['access', 'token'], token, text)]
}

function withoutRules(section: Tree, access: Config['access']): readonly string[] {
  const text = 'no effect without access.rules: whoever is let in may do everything'
  if (isNull(section) || (section.kind === 'map' && section.entries.size === 0))
    return [warning(['access'], section, text)]
  const set: readonly (readonly [key: string, isSet: boolean])[] = [
    ['groups', Object.keys(access.groups).length > 0],
    ['groupfile', access.groupfile !== undefined],
    ['token', isTokenSet(access)],
  ]
  return set.flatMap(([key, isSet]) => {
    const tree = child(section, key)
    return isSet && tree !== undefined ? [warning(['access', key], tree, text)] : []
  })
}

/** To something that is not the default, which `config print` writes out. */
function isTokenSet({ token: { key, expires, service } }: Config['access']): boolean {
  return key !== undefined || expires !== 300_000 || service !== 'berth'
}

function warning(path: Path, { keySource: source }: Tree, text: string): string {
  return describeProblem({ source, path, text })
}
