import type { CheckOptions } from '../check-options.ts'
import { probePath } from '../probes.ts'
import { isPassing } from '../object-store/retrying.ts'
import { lineOf, StoreProblem } from '../store-problem.ts'
import { putIfAbsent, putObject } from './conditional-write.ts'
import { connect } from './connect.ts'
import { GcsFailure } from './errors.ts'
import { explain, explainClock, type GcsRight, isForSomebody } from './explain.ts'
import { listPage } from './listing.ts'
import { readObject } from './object-reader.ts'
import type { GcsOptions } from './options.ts'
import { removeObject } from './removal.ts'
import type { Store } from './store.ts'

/** Milliseconds. Google refuses tokens and URLs of another time. */
const clockTolerance = 5 * 60_000
/** Whoever starts a registry waits for this. */
const patience = 4_000
const silence = 10_000

type Need = (right: GcsRight, work: () => Promise<unknown>) => Promise<void>

/**
 * Finds out whether a store can be used: bucket, credentials, permissions, clock.
 *
 * @throws StoreProblem
 */
export async function checkGcs(
  options: GcsOptions,
  { readOnly = false, warn = (): void => {} }: CheckOptions = {},
): Promise<void> {
  const store = await connect({ patience, stall: silence, ...options }).catch((cause: unknown) => {
    throw new StoreProblem(lineOf(cause), { cause })
  })
  const need: Need = async (right, work) => {
    try {
      await work()
    } catch (error) {
      throw new StoreProblem(explain(error, right, options), { mayPass: mayPass(error), cause: error })
    }
  }
  try {
    await need('storage.objects.list', () => listPage(store, store.keys.root, {}, 1))
    const { clockOffset } = store.requests
    if (Math.abs(clockOffset) > clockTolerance) warn(explainClock(clockOffset))
    if (!readOnly) await checkWriting(store, need, warn)
  } finally {
    store.requests.close()
  }
}

async function checkWriting(store: Store, need: Need, warn: (line: string) => void): Promise<void> {
  const key = store.keys.object(probePath())
  const content = Buffer.from('berth')
  await need('storage.objects.create', () => putObject(store, key, content))
  try {
    await need('storage.objects.create', async () => {
      if (await putIfAbsent(store, key, content, undefined))
        warn(
          'the GCS store ignores ifGenerationMatch: of two pushes of an immutable tag at once, both may win',
        )
    })
    await need('storage.objects.get', async () => {
      const found = await readObject(store, key)
      if (found?.content.equals(content) !== true)
        throw new Error('the GCS store gives back other bytes than were written')
    })
    // What is replaced counts as deleted: the same permission.
    await need('storage.objects.delete', () => removeObject(store, key))
  } catch (error) {
    await removeObject(store, key).catch(() => undefined)
    throw error
  }
}

/** The store is down, or asked too much; nobody has to correct anything. */
function mayPass(error: unknown): boolean {
  return error instanceof GcsFailure && isPassing(error.problem) && !isForSomebody(error.problem)
}
