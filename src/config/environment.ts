import { ConfigError, notAllowed } from './config-error.ts'
import { describeRepeated, parseYaml, type ParsedDocument } from './document.ts'
import { layoutAt, variablePart, type Layout, type OpenMap, type Struct } from './layout.ts'
import { nearest } from './nearest.ts'
import { isOwn, isUnknownRefused } from './own-sections.ts'
import type { Path } from './path.ts'
import { expandShorthand } from './shorthand.ts'
import { emptyMap, isNull, treeOf, withEntry, type Tree, type TreeMap } from './tree.ts'

const prefix = 'REGISTRY_'

/** Variables that begin with the prefix and are not part of the configuration. */
const apart: ReadonlySet<string> = new Set(['REGISTRY_CONFIGURATION_PATH'])

export interface Overridden {
  readonly tree: Tree
  readonly warnings: readonly string[]
}

/**
 * Applies the `REGISTRY_*` variables as Distribution does: in byte order of their names, each name walked part by
 * part, each value parsed as YAML and put in the place of what was there.
 *
 * Where Distribution crashes on, or ignores, a name that leads into untyped parameters
 * (`REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED`), or never sets an item of a plain list, the value is set.
 *
 * @throws ConfigError when a value is not YAML, or the name leads to a list item that cannot be
 */
export function applyEnvironment(
  tree: Tree,
  layout: Layout,
  env: Readonly<Record<string, string | undefined>>,
): Overridden {
  const warnings: string[] = []
  const problems: ConfigError[] = []
  let root = tree
  for (const name of Object.keys(env).toSorted(byBytes)) {
    const text = env[name]
    if (text === undefined || !name.startsWith(prefix) || apart.has(name)) continue
    if (name === 'REGISTRY_VERSION') {
      // Distribution decides how to read the file before it looks at variables.
      warnings.push(`${name}: has no effect, the version is the one in the file`)
      continue
    }
    try {
      // Whether the name leads anywhere counts first: other programs' variables may hold anything.
      const probe = new Override(name, treeOf(text, { kind: 'variable', name }))
      probe.apply(root, layout, parts(name), [])
      const parsed = parseValue(text, name, probe)
      root = expandShorthand(new Override(name, parsed.tree).apply(root, layout, parts(name), []), layout)
      const repeated = parsed.repeated.map((one) => ({ ...one, path: [...probe.path, ...one.path] }))
      const refused = repeated.filter(({ path }) => isOwn(path))
      if (refused.length > 0) problems.push(new ConfigError(refused))
      warnings.push(...repeated.filter(({ path }) => !isOwn(path)).map(describeRepeated))
    } catch (error) {
      if (error instanceof Unrecognized) warnings.push(error.message)
      else if (error instanceof ConfigError) problems.push(error)
      else throw error
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.flatMap((error) => error.problems))
  return { tree: root, warnings }
}

/** @throws ConfigError that names the key too, and the value unless it may hold a secret somewhere inside */
function parseValue(text: string, name: string, probe: Override): ParsedDocument {
  try {
    return parseYaml(text, { variable: name })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const reason = error.problems[0]?.text ?? error.message
    const { path, isSingle, value } = probe
    const problem = isSingle
      ? notAllowed(path, value, `valid YAML (${reason.replace(/^not valid YAML: /, '')})`)
      : { source: value.source, path, text: reason }
    throw new ConfigError([problem])
  }
}

function parts(name: string): readonly string[] {
  return name.slice(prefix.length).split('_')
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * A variable that leads nowhere: only warned about, because Kubernetes makes such for a service named `registry`. Below `access`
 * and `audit` it is a mistake.
 */
class Unrecognized extends Error {}

/** One variable on its way down the tree. */
class Override {
  readonly #name: string
  readonly value: Tree
  /** Where it ended. */
  path: Path = []
  /** Whether a single value belongs there, no list and no map. */
  isSingle = false

  constructor(name: string, value: Tree) {
    this.#name = name
    this.value = value
  }

  /** The tree that stands where `tree` did, with the value set at the end of `rest`. `path` leads to it. */
  apply(tree: Tree | undefined, layout: Layout, rest: readonly string[], path: Path): Tree {
    const [part, ...further] = rest
    if (part === undefined) {
      this.path = path
      this.isSingle = layout.kind === 'text' || layout.kind === 'value' || layout.kind === 'duration'
      return this.value
    }
    switch (layout.kind) {
      case 'struct':
        return this.#intoStruct(tree, layout, rest, path)
      case 'map':
        return this.#intoMap(tree, layout, rest, path)
      case 'list':
        return this.#intoList(tree, layout.item, part, further, path)
      case 'any':
        if (tree?.kind === 'list') return this.#intoList(tree, layout, part, further, path)
        if (isNull(tree) || tree?.kind === 'map') return this.#intoMap(tree, untyped, rest, path)
        return this.#unrecognized(path)
      default:
        return this.#unrecognized(path)
    }
  }

  #intoStruct(tree: Tree | undefined, layout: Struct, rest: readonly string[], path: Path): Tree {
    const [part = '', ...further] = rest
    const fields = Object.keys(layout.fields)
    const field = fields.find((key) => variablePart(layout, key) === part)
    if (field === undefined) {
      if (part === layout.embedded && further.length > 0) return this.apply(tree, layout, further, path)
      const names = fields.map((key) => variablePart(layout, key))
      return this.#unrecognized(path, rest, nearest(part, names))
    }
    return this.#enter(this.#asMap(tree), field, layoutAt(layout, field), further, path)
  }

  #intoMap(tree: Tree | undefined, layout: OpenMap, rest: readonly string[], path: Path): Tree {
    const map = this.#asMap(tree)
    const joined = keyOfSeveralParts(layout, rest)
    const part = joined ?? rest[0] ?? ''
    const further = rest.slice(part.split('_').length)
    const key = [...map.entries.keys()].find((existing) => existing.toUpperCase() === part.toUpperCase())
    if (key === undefined && layout.shorthand && ofKubernetes.has(part)) return this.#unrecognized(path)
    const name = key ?? part.toLowerCase()
    return this.#enter(map, name, layoutAt(layout, name) ?? { kind: 'any' }, further, path)
  }

  #intoList(
    tree: Tree | undefined,
    item: Layout,
    part: string,
    further: readonly string[],
    path: Path,
  ): Tree {
    const items = tree?.kind === 'list' ? tree.items : []
    if (!/^\d+$/.test(part)) this.#fail(path, `${JSON.stringify(part)} is not the number of a list item`)
    const index = Number(part)
    if (index > items.length) {
      this.#fail(
        path,
        `there is no item ${index}: the list has ${items.length}, so the next is ${items.length}`,
      )
    }
    const changed = this.apply(items[index], item, further, [...path, index])
    const source = this.value.source
    const located = tree?.kind === 'list' ? tree : { source, keySource: source }
    return { ...located, kind: 'list', items: [...items.slice(0, index), changed, ...items.slice(index + 1)] }
  }

  #enter(
    map: TreeMap,
    key: string,
    layout: Layout | undefined,
    further: readonly string[],
    path: Path,
  ): Tree {
    if (layout === undefined) return this.#unrecognized(path)
    return withEntry(map, key, this.apply(map.entries.get(key), layout, further, [...path, key]))
  }

  #asMap(tree: Tree | undefined): TreeMap {
    if (tree?.kind === 'map') return tree
    // Something else here is a mistake in the file, which is checked before variables are applied.
    return emptyMap(this.value)
  }

  /** The variable's name with its wrong part replaced. */
  #corrected(rest: readonly string[], right: string): string {
    const all = parts(this.#name)
    return prefix + [...all.slice(0, all.length - rest.length), right, ...rest.slice(1)].join('_')
  }

  /**
   * @param path of where it leads no further
   * @param rest the parts of its name that lead nowhere
   * @param meant what the first of them may be a misspelling of
   */
  #unrecognized(path: Path, rest: readonly string[] = [], meant?: string): never {
    const hint = meant === undefined ? '' : ` (did you mean ${this.#corrected(rest, meant)}?)`
    const text = `${this.#name}: unrecognized environment variable`
    const [, second] = parts(this.#name)
    const isService = second !== undefined && ofKubernetes.has(second)
    if (!isService && isUnknownRefused([...path, ''], meant?.toLowerCase()))
      throw new ConfigError([{ path: [], text: text + hint }])
    throw new Unrecognized(`${text}, ignored${hint}`)
  }

  #fail(path: Path, text: string): never {
    throw new ConfigError([{ source: this.value.source, path, text }])
  }
}

const untyped: OpenMap = { kind: 'map', known: {}, others: { kind: 'any' }, shorthand: false }

/**
 * Names of services `registry-storage` and `registry-auth` become variables `REGISTRY_STORAGE_PORT`,
 * `REGISTRY_AUTH_SERVICE_HOST` and so on in Kubernetes, and no driver or access controller has such a name, nor a key of `access`.
 */
const ofKubernetes: ReadonlySet<string> = new Set(['PORT', 'SERVICE'])

/** The known key that several parts make together, for a key may hold underscores: `max_retries`. */
function keyOfSeveralParts(layout: OpenMap, rest: readonly string[]): string | undefined {
  return Object.keys(layout.known).find((key) => {
    const count = key.split('_').length
    return count > 1 && rest.slice(0, count).join('_') === key.toUpperCase()
  })
}
