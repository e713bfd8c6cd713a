import { checkAccessController } from './access-controller.ts'
import { checkAvailability } from './availability.ts'
import { ignoredAccess, refuseEmptyRules } from './check-access.ts'
import { checkDurations } from './check-durations.ts'
import { checkIgnored } from './check-ignored.ts'
import { checkRedis } from './check-redis.ts'
import { checkShape } from './check-shape.ts'
import { ConfigError, notAllowed, type Problem } from './config-error.ts'
import type { Config } from './config.ts'
import { builtInDefaults } from './defaults.ts'
import { distributionLayout } from './distribution-layout.ts'
import { describeRepeated, parseYaml } from './document.ts'
import { applyEnvironment } from './environment.ts'
import { findFile } from './find-file.ts'
import { isOwn } from './own-sections.ts'
import { describePath } from './path.ts'
import { toPlain } from './plain.ts'
import { readConfigFile } from './read-file.ts'
import { checkConfig, type Violation } from './schema.ts'
import { expandShorthand } from './shorthand.ts'
import type { Source } from './source.ts'
import { checkStorageDriver, dropBuiltInDriver } from './storage-driver.ts'
import { follow, isNull, sourcesOf, treeOf, type Tree } from './tree.ts'

export interface LoadConfigOptions {
  /** The file named on the command line; see `findFile` for what is read without one. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** What counts when there is no file, in the form of the file. */
  readonly defaults?: Readonly<Record<string, unknown>>
  /** Instead of the places where the images keep their file. */
  readonly places?: readonly string[]
  /** The process runs already: a file that is no regular one, such as a pipe, is refused rather than waited for. */
  readonly again?: boolean
}

export interface LoadedConfig {
  readonly config: Config
  /** To be logged, one line each. They hold no secrets. */
  readonly warnings: readonly string[]
  /** Absent when the built-in defaults were used. */
  readonly file?: string
  /**
   * Where each value that was set comes from, by its path in the file's form (`storage.filesystem.rootdirectory`,
   * `http.headers.X-Frame-Options[0]`). What is not in it has its default.
   */
  readonly sources: ReadonlyMap<string, Source>
}

/**
 * Loads the configuration: the file (or the built-in defaults), then the `REGISTRY_*` variables over it, then the
 * checks. Everything that is wrong is reported at once.
 *
 * @throws ConfigError with a line for each problem
 */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const file = findFile({
    argument: options.file,
    env: options.env,
    ...(options.places === undefined ? {} : { places: options.places }),
  })
  const base = file === undefined ? builtIn(options.defaults ?? builtInDefaults) : fromFile(file, options)
  // Before variables are applied: they may replace, and so hide, a mistake in the file.
  const shape = checkShape(base.tree, distributionLayout)
  if (base.tree.kind !== 'map') throw new ConfigError(shape.problems)

  const overridden = applyEnvironment(base.tree, distributionLayout, options.env)
  const tree = file === undefined ? dropBuiltInDriver(overridden.tree) : overridden.tree
  const checked = check(tree, [...base.problems, ...shape.problems])
  const noticed = [...base.warnings, ...shape.warnings, ...overridden.warnings, ...checked.warnings]
  const warnings = [...new Set(noticed)]
  if ('problems' in checked) throw new ConfigError(checked.problems, warnings)
  return {
    config: checked.config,
    warnings,
    ...(file === undefined ? {} : { file }),
    sources: sourcesOf(tree),
  }
}

interface Base {
  readonly tree: Tree
  /** Keys of our own that are given more than once. */
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

function builtIn(defaults: Readonly<Record<string, unknown>>): Base {
  return { tree: treeOf(defaults), problems: [], warnings: [] }
}

function fromFile(file: string, { again = false }: LoadConfigOptions): Base {
  const { tree, repeated } = parseYaml(readConfigFile(file, { again }), { file })
  const empty = isNull(tree) ? { ...treeOf({}), source: tree.source, keySource: tree.keySource } : tree
  return {
    tree: expandShorthand(empty, distributionLayout),
    problems: repeated.filter(({ path }) => isOwn(path)),
    warnings: repeated.filter(({ path }) => !isOwn(path)).map(describeRepeated),
  }
}

type Judgement = { readonly warnings: readonly string[] } & (
  | { readonly config: Config }
  | { readonly problems: readonly Problem[] }
)

function check(tree: Tree, before: readonly Problem[]): Judgement {
  const shape = checkShape(tree, distributionLayout)
  const availability = checkAvailability(tree)
  const checked = checkConfig(toPlain(tree, distributionLayout))
  const warnings = [
    ...shape.warnings,
    ...availability.warnings,
    ...checkIgnored(tree),
    ...checkDurations(tree, distributionLayout),
    ...('config' in checked ? ignoredAccess(tree, checked.config) : []),
  ]
  const violations = 'violations' in checked ? checked.violations : []
  const problems = [
    ...before,
    ...shape.problems,
    ...checkStorageDriver(tree),
    ...checkAccessController(tree),
    ...refuseEmptyRules(tree),
    ...checkRedis(tree),
    ...availability.problems,
    ...violations.map((violation) => describeViolation(tree, violation)),
  ]
  if (problems.length > 0 || !('config' in checked)) return { problems: onePerPath(problems), warnings }
  return { config: checked.config, warnings }
}

function describeViolation(root: Tree, { path, allowed }: Violation): Problem {
  const { tree, found } = follow(root, path)
  if (found) return notAllowed(path, tree, allowed)
  return { source: tree.keySource, path, text: `missing; allowed: ${allowed}` }
}

/** Two checks may stumble over the same value: the first says enough. */
function onePerPath(problems: readonly Problem[]): readonly Problem[] {
  const byPath = new Map<string, Problem>()
  for (const problem of problems) {
    const path = describePath(problem.path)
    if (!byPath.has(path)) byPath.set(path, problem)
  }
  return [...byPath.values()].toSorted((a, b) => position(a) - position(b))
}

/** Problems of the file come first, from top to bottom. */
function position({ source }: Problem): number {
  // No column is as large as the largest file, 1 MiB.
  return source?.kind === 'file' ? source.line * 2 ** 21 + source.column : Number.MAX_SAFE_INTEGER
}
