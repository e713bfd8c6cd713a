import type { Config } from '../../config/config.ts'
import type { Log } from '../../registry/context.ts'
import { checkDriver, rememberStore } from '../../storage/check-driver.ts'
import { createDriver, type DriverOptions } from '../../storage/create-driver.ts'
import { describeStore, type StoreDescription } from '../../storage/describe-store.ts'
import { lineOf } from '../../storage/store-problem.ts'
import { lookAtStore, type TrialOutcome, tryStore } from '../../storage/trial.ts'
import { driverOptions } from './driver-options.ts'
import { withStorageMiddleware } from './middleware.ts'

export interface StorageCheckOptions {
  /** How often each thing is done. */
  readonly rounds: number
  /** Of the program. */
  readonly version: string
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Ends the check early; what it wrote is removed all the same. */
  readonly signal?: AbortSignal
}

/** What `berth storage check` found. */
export interface StorageReport extends Pick<StoreDescription, 'place' | 'facts'> {
  readonly driver: string
  readonly isReadOnly: boolean
  readonly operations: readonly Latency[]
  /** Each one line: what is doubtful, and lets the registry work. */
  readonly warnings: readonly string[]
  /** Each one line: what is wrong and, where that is known, what to do. */
  readonly problems: readonly string[]
}

/** Milliseconds. */
export interface Latency {
  readonly operation: string
  readonly rounds: number
  readonly median: number
  readonly worst: number
}

/** Milliseconds for a client that was sent to the store. */
const fetchWithin = 20_000

/**
 * Does what the start of a server does to find out whether the store can be used; then all that a registry does with a store, several
 * times, with the clock running. What it writes it removes, also when it is ended early.
 *
 * @throws what `options.signal` was aborted with
 */
export async function checkStorage(config: Config, options: StorageCheckOptions): Promise<StorageReport> {
  const { version, variables, signal } = options
  const isReadOnly = config.storage.maintenance.readonly.enabled
  const store = driverOptions(config.storage.driver, {
    log: silent,
    userAgent: `berth/${version}`,
    variables,
  })
  const { place, facts, warnings: doubts } = await describeStore(store).catch(unknownPlace)
  const warnings = [...doubts]
  const warn = (line: string): void => void warnings.push(line)
  const leaveNothing = await rememberStore(store)
  let outcome: TrialOutcome
  try {
    await checkDriver(store, { readOnly: isReadOnly, warn })
    signal?.throwIfAborted()
    outcome = await tried(store, config, options)
  } catch (error) {
    signal?.throwIfAborted()
    // Whatever else was tried would fail for the same reason.
    outcome = { measurements: [], problems: [lineOf(error)] }
  } finally {
    await leaveNothing()
  }
  return {
    driver: config.storage.driver.name,
    place,
    facts,
    isReadOnly,
    operations: outcome.measurements.map(({ operation, milliseconds }) => ({
      operation,
      rounds: milliseconds.length,
      median: median(milliseconds),
      worst: Math.max(...milliseconds),
    })),
    warnings,
    problems: outcome.problems,
  }
}

async function tried(
  store: DriverOptions,
  config: Config,
  { rounds, signal }: StorageCheckOptions,
): Promise<TrialOutcome> {
  const { maintenance, redirect } = config.storage
  const driver = await withStorageMiddleware(await createDriver(store), config.middleware, silent)
  try {
    const often = { rounds, ...(signal && { signal }) }
    if (maintenance.readonly.enabled) return await lookAtStore(driver, often)
    return await tryStore(driver, { ...often, ...(!redirect.disable && { fetch: asClient }) })
  } finally {
    await driver.close()
  }
}

/** Gets what a client would get that is sent to the store. */
async function asClient(url: URL): Promise<Uint8Array> {
  const advice = `; clients are sent to ${url.host}: make it reachable, correct what signs the URLs, or set storage.redirect.disable: true`
  let response: Response
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(fetchWithin) })
  } catch (error) {
    throw new Error(`${lineOf(error)}${advice}`, { cause: error })
  }
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`the answer is ${response.status}${advice}`)
  return body
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

function unknownPlace(error: unknown): StoreDescription {
  return { place: 'unknown', facts: {}, warnings: [lineOf(error)] }
}

function nothing(): void {}

/** The report says it all. */
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
