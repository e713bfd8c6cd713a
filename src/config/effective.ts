import type { Config } from './config.ts'
import { formatDuration } from './format-duration.ts'
import { hasKeys, layoutAt, namedKeys, type Layout, type Struct } from './layout.ts'
import type { LoadedConfig } from './load.ts'
import { describePath, type Path } from './path.ts'
import { isSecret, safeUrl, withoutUserInfo } from './secrets.ts'
import { defaultSource, type Source } from './source.ts'
import { emptyMap, treeOf, type Scalar, type Tree } from './tree.ts'

/** What stands for a secret. */
const redacted = '***'

/**
 * The configuration that counts, in the form of the file: what was set as it was understood, and the defaults of all
 * else. Secrets are replaced. What has no effect (unknown, or not available in this version) is not in it.
 *
 * Loading it gives the same configuration, but for the secrets.
 */
export function effectiveTree(loaded: LoadedConfig, layout: Struct): Tree {
  const older = olderNames(layout)
  const driver = `storage.${loaded.config.storage.driver.name}`
  const sourceAt = (path: Path, otherwise: Source): Source => {
    const name = describePath(path)
    // A driver without parameters is no value; it comes from where the section does.
    const names = [name, ...(older.get(name) ?? []), ...(name === driver ? ['storage'] : [])]
    const set = names.find((candidate) => loaded.sources.has(candidate))
    return (set === undefined ? undefined : loaded.sources.get(set)) ?? otherwise
  }

  // What stands in a list comes from where the list does: a single value of an older name, say.
  const convert = (
    value: unknown,
    form: Layout | undefined,
    path: Path,
    around: Source = defaultSource,
  ): Tree => {
    const source = sourceAt(path, around)
    const located = { source, keySource: source }
    if (Array.isArray(value)) {
      const item = form?.kind === 'list' ? form.item : undefined
      return {
        kind: 'list',
        items: value.map((inner: unknown, index) => convert(inner, item, [...path, index], source)),
        ...located,
      }
    }
    if (typeof value === 'object' && value !== null) {
      const entries = inOrder(Object.entries(value), form).map(([key, inner]): [string, Tree] => [
        key,
        convert(inner, form !== undefined && hasKeys(form) ? layoutAt(form, key) : undefined, [...path, key]),
      ])
      return { kind: 'map', entries: new Map(entries), ...located }
    }
    const shown = form?.kind === 'duration' && typeof value === 'number' ? formatDuration(value) : value
    return { ...(treeOf(redact(shown, form, path)) as Scalar), ...located }
  }
  return convert(inFileForm(loaded.config), layout, [])
}

/** Without what has its default. */
export function onlySet(tree: Tree): Tree {
  return withoutDefaults(tree) ?? emptyMap(tree)
}

/** `undefined` when nothing else is there. */
function withoutDefaults(tree: Tree): Tree | undefined {
  if (tree.kind === 'scalar' || isEmpty(tree)) return tree.source.kind === 'default' ? undefined : tree
  if (tree.kind === 'list')
    return tree.items.some((item) => withoutDefaults(item) !== undefined) ? tree : undefined
  const entries = [...tree.entries].flatMap(([key, inner]): [string, Tree][] => {
    const kept = withoutDefaults(inner)
    return kept === undefined ? [] : [[key, kept]]
  })
  return entries.length === 0 ? undefined : { ...tree, entries: new Map(entries) }
}

function isEmpty(tree: Tree): boolean {
  return (tree.kind === 'map' && tree.entries.size === 0) || (tree.kind === 'list' && tree.items.length === 0)
}

/** The typed configuration has the names of the file, but for the storage driver and the access controller. */
function inFileForm({ storage: { driver, ...sections }, auth, access, ...others }: Config): unknown {
  const { name, ...parameters } = driver
  const { name: controller, ...options } = auth
  const { rules, ...rest } = access
  return {
    ...others,
    auth: { [controller]: options },
    // An empty list is refused.
    access: rules.length === 0 ? rest : access,
    storage: { [name]: parameters, ...sections },
  }
}

/** As the layout has them, and then the others. */
function inOrder(
  entries: readonly [string, unknown][],
  form: Layout | undefined,
): readonly [string, unknown][] {
  const names = form !== undefined && hasKeys(form) ? Object.keys(namedKeys(form)) : []
  const rank = (key: string): number => (names.includes(key) ? names.indexOf(key) : names.length)
  return entries.toSorted(([a], [b]) => rank(a) - rank(b))
}

function redact(value: unknown, form: Layout | undefined, path: Path): unknown {
  if (value !== '' && isSecret(path)) return redacted
  if (typeof value !== 'string') return value
  const isUrl = (form?.kind === 'text' && form.type?.name === 'URL') || value.includes('://')
  return isUrl ? safeUrl(value) : withoutUserInfo(value)
}

/** Older names of keys, by the names that count. */
function olderNames(layout: Struct): ReadonlyMap<string, readonly string[]> {
  const older = new Map<string, readonly string[]>()
  const visit = (form: Layout, path: Path): void => {
    if (!hasKeys(form)) return
    for (const [key, inner] of Object.entries(namedKeys(form))) {
      const name = inner.about?.replacedBy
      if (name !== undefined) older.set(name, [...(older.get(name) ?? []), describePath([...path, key])])
      visit(inner, [...path, key])
    }
  }
  visit(layout, [])
  return older
}
