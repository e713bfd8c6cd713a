import type { CheckOptions } from '../check-options.ts'
import { storagePath } from '../driver.ts'
import { probePath } from '../probes.ts'
import { StoreProblem } from '../store-problem.ts'
import { putBlob, putIfAbsent } from './conditional-write.ts'
import { connect } from './connect.ts'
import { type AzureRight, explain, explainClock, mayPass } from './explain.ts'
import { readBlob } from './object-reader.ts'
import type { AzureOptions } from './options.ts'
import { listPage } from './pages.ts'
import { deleteBlob } from './removal.ts'
import { signedUrl } from './signed-url.ts'
import { startCopy } from './start-copy.ts'
import type { Store } from './store.ts'

export interface AzureCheckOptions extends CheckOptions {
  /** Clients are sent to the store, which takes the right to sign. */
  readonly redirects?: boolean
}

/** Milliseconds. Azure refuses a difference of 15 minutes. */
const clockTolerance = 5 * 60_000
/** Whoever starts a registry waits for this. */
const patience = 4_000
const silence = 10_000

type Need = (right: AzureRight, work: () => Promise<unknown>) => Promise<void>

/**
 * Finds out whether a store can be used: account, container, credentials, rights, clock.
 *
 * @throws StoreProblem
 */
export async function checkAzure(
  options: AzureOptions,
  { readOnly = false, redirects = false, warn = (): void => {} }: AzureCheckOptions = {},
): Promise<void> {
  const store = await connect({ patience, stall: silence, ...options })
  const { requests, keys } = store
  const need: Need = async (right, work) => {
    try {
      await work()
    } catch (error) {
      const line = explain(error, right, options, requests.clockOffset)
      throw new StoreProblem(line, { mayPass: mayPass(error), cause: error })
    }
  }
  await need('list', () => listPage(store, { prefix: keys.layout, most: 1 }))
  if (Math.abs(requests.clockOffset) > clockTolerance) warn(explainClock(requests.clockOffset))
  if (redirects) await need('sign', () => signedUrl(store, keys.layout, 60))
  if (!readOnly) await checkWriting(store, need)
}

async function checkWriting(store: Store, need: Need): Promise<void> {
  const key = store.keys.object(probePath())
  const copy = store.keys.object(storagePath(`${probePath()}-copy`))
  const content = Buffer.from('berth')
  await need('write', () => putBlob(store, key, content))
  try {
    await need('write', async () => {
      if (await putIfAbsent(store, key, content, undefined))
        throw new Error('the Azure store knows no If-None-Match: it replaces blobs that it is asked to leave')
    })
    await need('write', () => startCopy(store, key, copy))
    await need('read', async () => {
      const found = await readBlob(store, copy)
      if (found?.content.equals(content) !== true)
        throw new Error('the Azure store gives back other bytes than were written')
    })
  } catch (error) {
    await Promise.allSettled([copy, key].map((name) => deleteBlob(store, name)))
    throw error
  }
  await need('delete', () => deleteBlob(store, copy))
  await need('delete', () => deleteBlob(store, key))
}

/** The store is down, or asked too much; nobody has to correct anything. */
