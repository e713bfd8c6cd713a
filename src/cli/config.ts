import { ConfigError } from '../config/config-error.ts'
import { distributionLayout } from '../config/distribution-layout.ts'
import { effectiveTree, onlySet } from '../config/effective.ts'
import { configJsonSchema } from '../config/json-schema.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { printable, printJson, printYaml } from '../config/print.ts'
import { referenceMarkdown } from '../config/reference-markdown.ts'
import { rulesAdvice } from './rules-advice.ts'

/** Where a command finds its variables and says what it has to say. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output. */
  readonly out: (text: string) => void
  /** Standard error. */
  readonly err: (text: string) => void
}

interface Lookup {
  /** Look for no file where the images have theirs. */
  readonly defaults?: boolean
}

/**
 * `config check`: whether the configuration that `serve` would use is valid, and if not, why.
 *
 * @returns the exit code
 */
export function checkConfigFile(
  file: string | undefined,
  options: Lookup & { readonly strict?: boolean },
  surroundings: Surroundings,
): number {
  const loaded = load(file, options, surroundings)
  if (loaded === undefined) return 1
  const advice = rulesAdvice(loaded)
  for (const warning of advice) surroundings.err(`warning: ${warning}\n`)
  const count = loaded.warnings.length + advice.length
  if (options.strict === true && count > 0) {
    surroundings.err(`${count} ${count === 1 ? 'warning' : 'warnings'}, refused by --strict\n`)
    return 1
  }
  surroundings.out(`${placeOf(loaded)}: configuration is valid\n`)
  return 0
}

/**
 * `config print`: the configuration that `serve` would use, and where each value comes from.
 *
 * @returns the exit code
 */
export function printConfig(
  file: string | undefined,
  options: Lookup & { readonly set?: boolean; readonly json?: boolean },
  surroundings: Surroundings,
): number {
  const loaded = load(file, options, surroundings)
  if (loaded === undefined) return 1
  const all = effectiveTree(loaded, distributionLayout)
  const tree = options.set === true ? onlySet(all) : all
  if (options.json === true) surroundings.out(printJson(tree))
  else surroundings.out(`# ${placeOf(loaded)}, and the variables; secrets are not shown\n${printYaml(tree)}`)
  return 0
}

/** `config schema`: the JSON Schema of the file, for editors. */
export function printSchema({ out }: Surroundings): number {
  out(`${JSON.stringify(configJsonSchema(distributionLayout), undefined, 2)}\n`)
  return 0
}

/** `config reference`: docs/configuration.md. */
export function printReference({ out }: Surroundings): number {
  out(referenceMarkdown(distributionLayout))
  return 0
}

/** The warnings, or what is wrong, go to standard error, a line each. */
function load(
  file: string | undefined,
  { defaults }: Lookup,
  { env, err }: Surroundings,
): LoadedConfig | undefined {
  try {
    const loaded = loadConfig({ file, env, ...(defaults === true && { places: [] }) })
    for (const warning of loaded.warnings) err(`warning: ${warning}\n`)
    return loaded
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const warning of error.warnings) err(`warning: ${warning}\n`)
    err(`${error.message}\n`)
    return undefined
  }
}

function placeOf({ file }: LoadedConfig): string {
  return file === undefined ? 'built-in defaults' : printable(file)
}
