import { statSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

/** Where the images of Distribution 3 and 2 keep their configuration. */
const wellKnown: readonly string[] = ['/etc/distribution/config.yml', '/etc/docker/registry/config.yml']

export interface FindFileOptions {
  /** The file named on the command line. */
  readonly argument?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Instead of the places where the images keep theirs. */
  readonly places?: readonly string[]
}

/**
 * Which configuration file to read: the argument, else `REGISTRY_CONFIGURATION_PATH`, else the first well-known place
 * that has one.
 *
 * @returns `undefined` when there is none, and the built-in defaults are to be used
 * @throws ConfigError when a file that was named does not exist or is a folder
 */
export function findFile(options: FindFileOptions): string | undefined {
  const { argument, env, places = wellKnown } = options
  if (argument !== undefined) return named(argument, 'configuration file')
  const variable = env['REGISTRY_CONFIGURATION_PATH']
  if (variable !== undefined && variable !== '') return named(variable, 'REGISTRY_CONFIGURATION_PATH')
  return places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile())
}

function named(file: string, how: string): string {
  let trouble: string
  try {
    if (!statSync(file).isDirectory()) return file
    trouble = 'is a folder'
  } catch (error) {
    trouble = isAbsent(error) ? 'does not exist' : `cannot be read: ${String(error)}`
  }
  throw new ConfigError([{ path: [], text: `${how}: ${JSON.stringify(file)} ${trouble}` }])
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
