import { setTimeout as delay } from 'node:timers/promises'
import type { BlobRequestConditions } from '@azure/storage-blob'
import { unavailable } from '../failure.ts'
import { AzureFailure } from './errors.ts'
import { propertiesOf } from './object-info.ts'
import { deleteBlob } from './removal.ts'
import type { Store } from './store.ts'

/**
 * Has the store copy a blob, and waits for the end.
 *
 * @param conditions what must be true of the target
 * @throws AzureFailure
 */
export async function startCopy(
  store: Store,
  from: string,
  to: string,
  conditions?: BlobRequestConditions,
): Promise<void> {
  const { client, requests } = store
  const pending = await requests.send(
    'Copy Blob',
    to,
    async ({ signal }) => {
      const options = { abortSignal: signal, ...(conditions && { conditions }) }
      const poller = await client.getBlobClient(to).beginCopyFromURL(client.getBlobClient(from).url, options)
      const { isCompleted, copyId } = poller.getOperationState() as CopyState
      return isCompleted === true ? undefined : copyId
    },
    { silence: requests.stall, total: requests.longPatience },
  )
  if (pending !== undefined) await waitForCopy(store, to, pending)
}

interface CopyState {
  readonly isCompleted?: boolean
  readonly copyId?: string
}

/** Between the last times that it is asked. */
const longestPause = 5_000

async function waitForCopy(store: Store, to: string, copyId: string): Promise<void> {
  const { copyPolls, copyPollDelay, requests } = store
  const start = performance.now()
  for (let poll = 1; ; poll++) {
    const isLong = poll > copyPolls && performance.now() - start > requests.longPatience
    if (copyPolls < 0 || isLong) {
      await abortCopy(store, to, copyId)
      throw unavailable(`the store had not copied ${to} after ${poll - 1} looks at it`)
    }
    await delay(Math.min(copyPollDelay * poll, longestPause))
    const found = await propertiesOf(store, to)
    if (found === undefined) throw unavailable(`${to} was removed while the store copied it`)
    // Somebody else has written there since.
    if (found.copyId !== copyId || found.copyStatus === 'success') return
    if (found.copyStatus !== 'pending')
      throw unavailable(`the store gave up copying ${to}: ${found.copyStatusDescription ?? found.copyStatus}`)
  }
}

/** Leaves no target without bytes, if it can; one that is left counts as absent. */
async function abortCopy(store: Store, to: string, copyId: string): Promise<void> {
  const { client, requests } = store
  try {
    await requests.send('Abort Copy Blob', to, ({ signal }) =>
      client.getBlobClient(to).abortCopyFromURL(copyId, { abortSignal: signal }),
    )
    const found = await propertiesOf(store, to)
    const isOurs = found?.copyId === copyId && found.copyStatus !== 'success'
    // Somebody else may write there meanwhile.
    if (isOurs && found.etag !== undefined) await deleteBlob(store, to, found.etag)
  } catch (error) {
    if (!(error instanceof AzureFailure)) throw error
  }
}
