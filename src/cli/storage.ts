import { checkStorage, type StorageReport } from '../app/storage/check.ts'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { Surroundings } from './config.ts'
import { reportJson, reportText } from './storage-report.ts'
import { version } from './version.ts'

export interface StorageCheckCommand {
  readonly defaults?: boolean
  readonly json?: boolean
  readonly strict?: boolean
  /** A number, as it was typed. */
  readonly rounds?: string
}

const defaultRounds = 5
const mostRounds = 1_000

/**
 * `storage check`: whether the store that `serve` would use can be used, and how fast it answers.
 *
 * @param interrupted settles with a signal's name when the user has enough
 * @returns the exit code: 0 usable, 1 not, 2 when that cannot be said, 130 or 143 after a signal
 */
export async function checkStorageCommand(
  file: string | undefined,
  options: StorageCheckCommand,
  surroundings: Surroundings,
  interrupted: Promise<string>,
): Promise<number> {
  const { env, out, err } = surroundings
  const rounds = Number(options.rounds ?? defaultRounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > mostRounds) {
    err(
      `--rounds: found ${JSON.stringify(options.rounds)}; allowed: a whole number from 1 to ${mostRounds}\n`,
    )
    return 2
  }
  const loaded = load(file, options, surroundings)
  if (loaded === undefined) return 2
  const controller = new AbortController()
  let signal: string | undefined
  const end = async (): Promise<void> => {
    signal = await interrupted
    controller.abort()
  }
  void end()
  let report: StorageReport
  try {
    report = await checkStorage(loaded.config, {
      rounds,
      version,
      variables: env,
      signal: controller.signal,
    })
  } catch (error) {
    if (signal === undefined) throw error
    err(`${signal}: ended, and removed what it had written\n`)
    return signal === 'SIGINT' ? 130 : 143
  }
  const { warnings, problems } = report
  out(options.json === true ? `${JSON.stringify(reportJson(report), undefined, 2)}\n` : reportText(report))
  for (const warning of warnings) err(`warning: ${warning}\n`)
  for (const problem of problems) err(`problem: ${problem}\n`)
  if (problems.length > 0) return 1
  if (options.strict !== true || warnings.length === 0) return 0
  err(`${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}, refused by --strict\n`)
  return 1
}

/** The warnings, or what is wrong, go to standard error, a line each. */
function load(
  file: string | undefined,
  { defaults }: StorageCheckCommand,
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
