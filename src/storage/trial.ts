import {
  type ByteRange,
  type OpenObject,
  type StorageDriver,
  type StoragePath,
  storagePath,
} from './driver.ts'
import { newTrialFolder } from './probes.ts'
import { lineOf } from './store-problem.ts'

/** What a trial does with a store, in this order; a store without `concatenate` or signed URLs is spared those. */
export type TrialOperation =
  | 'write'
  | 'write if absent'
  | 'read'
  | 'stat'
  | 'list'
  | 'upload 1 MiB'
  | 'read a range'
  | 'move'
  | 'concatenate 10 MiB'
  | 'fetch a signed URL'
  | 'delete'

export interface Measurement {
  readonly operation: TrialOperation
  /** Of each round that succeeded. */
  readonly milliseconds: readonly number[]
}

export interface TrialOptions {
  readonly rounds: number
  /** Gets an object as a client gets it that was sent to the store. Unset: clients are not sent there. */
  readonly fetch?: (url: URL) => Promise<Uint8Array>
  /** Ends the trial after the call that is under way; what it wrote is removed. */
  readonly signal?: AbortSignal
}

export interface TrialOutcome {
  readonly measurements: readonly Measurement[]
  /** Each one line: what does not work. */
  readonly problems: readonly string[]
}

const mib = 1024 ** 2
/** What a store copies by itself: S3's smallest part. */
const partBytes = 5 * mib
const range: ByteRange = { start: 300_000, end: 300_000 + 64 * 1024 - 1 }
/** A store that fails takes half a minute for each failure. */
const enoughProblems = 3

/** Does all that a registry does with a store, several times, and looks whether it gives back what it was given. */
export async function tryStore(driver: StorageDriver, options: TrialOptions): Promise<TrialOutcome> {
  const trial = new Trial(driver, options)
  await trial.run()
  return trial
}

/** Only looks: for a store that must not be written to. */
export async function lookAtStore(
  driver: StorageDriver,
  { rounds, signal }: TrialOptions,
): Promise<TrialOutcome> {
  const place = storagePath('docker/registry/v2')
  const trial = new Trial(driver, { rounds, ...(signal && { signal }) })
  await trial.measure('stat', () => driver.stat(place))
  await trial.measure('list', () => namesOf(driver, place))
  return trial
}

class Trial implements TrialOutcome {
  readonly measurements: Measurement[] = []
  readonly problems: string[] = []
  readonly #driver: StorageDriver
  readonly #options: TrialOptions
  readonly #folder = newTrialFolder()

  constructor(driver: StorageDriver, options: TrialOptions) {
    this.#driver = driver
    this.#options = options
  }

  async run(): Promise<void> {
    try {
      await this.#smallObjects()
      await this.#largeObjects()
      await this.#removal()
    } finally {
      await this.#driver.deleteTree(this.#folder).catch((error: unknown) => {
        this.problems.push(`remove ${this.#folder}: ${lineOf(error)}; remove it by hand`)
      })
    }
  }

  /** @param prove looks, outside of the measured time, whether the work was right; throws with what is wrong */
  async measure<Result>(
    operation: TrialOperation,
    work: (round: number) => Promise<Result>,
    prove?: (result: Result, round: number) => Promise<void> | void,
  ): Promise<void> {
    if (this.problems.length >= enoughProblems) return
    const milliseconds: number[] = []
    try {
      for (let round = 0; round < this.#options.rounds; round++) {
        this.#options.signal?.throwIfAborted()
        const start = performance.now()
        const result = await work(round)
        milliseconds.push(performance.now() - start)
        await prove?.(result, round)
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      this.problems.push(`${operation}: ${lineOf(error)}`)
    }
    if (milliseconds.length > 0) this.measurements.push({ operation, milliseconds })
  }

  async #smallObjects(): Promise<void> {
    const driver = this.#driver
    const small = (round: number): StoragePath => this.#path(`small-${round}`)
    await this.measure('write', (round) => driver.write(small(round), textOf(round)))
    await this.measure(
      'write if absent',
      (round) => driver.write(this.#path(`claim-${round}`), textOf(round), { ifAbsent: true }),
      async (isWritten, round) => {
        need(isWritten, 'nothing was there, and the store says that something was')
        const again = await driver.write(this.#path(`claim-${round}`), textOf(-1), { ifAbsent: true })
        need(!again, 'the store replaces what is there: immutable tags are not safe from two pushes at once')
      },
    )
    await this.measure(
      'read',
      (round) => driver.read(small(round)),
      (content, round) => need(content?.equals(textOf(round)) === true, 'not what was written just before'),
    )
    await this.measure(
      'stat',
      (round) => driver.stat(small(round)),
      (info, round) => need(info?.size === textOf(round).length, 'not the size of what was written'),
    )
    await this.measure(
      'list',
      () => namesOf(driver, this.#folder),
      (names) =>
        need(names.has('small-0'), 'the listing lacks what was written just before: uploads will fail'),
    )
  }

  async #largeObjects(): Promise<void> {
    const driver = this.#driver
    const large = this.#path('large')
    const content = patternOf(mib)
    await this.measure(
      'upload 1 MiB',
      () => driver.create(large, chunksOf(content)),
      (size) => need(size === content.length, 'not all of it arrived'),
    )
    await this.measure(
      'read a range',
      async () => bytesOf(await driver.open(large, range)),
      (bytes) =>
        need(bytes.equals(content.subarray(range.start, range.end + 1)), 'other bytes than were written'),
    )
    const ends = [large, this.#path('moved')] as const
    await this.measure(
      'move',
      (round) => driver.move(ends[round % 2] as StoragePath, ends[(round + 1) % 2] as StoragePath),
      (isMoved) => need(isMoved, 'what was written just before is not there'),
    )
    if (driver.concatenate !== undefined) await this.#concatenation(driver)
    const { fetch } = this.#options
    if (driver.signedUrl !== undefined && fetch !== undefined) await this.#signedUrl(driver, fetch)
  }

  async #concatenation(driver: StorageDriver): Promise<void> {
    const part = patternOf(partBytes)
    const parts = [this.#path('part-0'), this.#path('part-1')]
    try {
      for (const path of parts) await driver.create(path, chunksOf(part))
    } catch (error) {
      this.problems.push(`upload ${partBytes / mib} MiB: ${lineOf(error)}`)
      return
    }
    const whole = this.#path('whole')
    await this.measure(
      'concatenate 10 MiB',
      async () =>
        driver.concatenate?.(
          parts.map((path) => ({ path, size: part.length })),
          whole,
        ),
      async () => {
        const seam = { start: partBytes - 100, end: partBytes + 99 }
        const bytes = await bytesOf(await driver.open(whole, seam))
        const right = Buffer.concat([part.subarray(-100), part.subarray(0, 100)])
        need(bytes.equals(right), 'other bytes than were written')
      },
    )
  }

  async #signedUrl(driver: StorageDriver, fetch: (url: URL) => Promise<Uint8Array>): Promise<void> {
    await this.measure(
      'fetch a signed URL',
      async (round) => {
        const path = this.#path(`small-${round}`)
        const url = await driver.signedUrl?.(path, { method: 'GET', expires: 60 })
        return url && (await fetch(url))
      },
      (bytes, round) =>
        need(bytes === undefined || textOf(round).equals(bytes), 'other bytes than were written'),
    )
  }

  async #removal(): Promise<void> {
    await this.measure(
      'delete',
      (round) => this.#driver.delete(this.#path(`small-${round}`)),
      async (wasThere, round) => {
        need(wasThere, 'what was written before is not there')
        const left = await this.#driver.stat(this.#path(`small-${round}`))
        need(left === undefined, 'what was deleted is still there')
      },
    )
  }

  #path(name: string): StoragePath {
    return storagePath(`${this.#folder}/${name}`)
  }
}

function need(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new Error(otherwise)
}

function textOf(round: number): Buffer {
  return Buffer.from(`berth storage check, round ${round}`)
}

/** Bytes of which no two stretches are alike. */
function patternOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let place = 0; place + 4 <= size; place += 4)
    bytes.writeUInt32LE(Math.imul(place, 2_654_435_761) >>> 0, place)
  return bytes
}

async function* chunksOf(content: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < content.length; start += 256 * 1024)
    yield content.subarray(start, start + 256 * 1024)
}

async function bytesOf(object: OpenObject | undefined): Promise<Buffer> {
  if (object === undefined) throw new Error('what was written just before is not there')
  const chunks: Buffer[] = []
  for await (const chunk of object) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function namesOf(driver: StorageDriver, path: StoragePath): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const name of driver.list(path)) names.add(name)
  return names
}
