import type { ContainerClient } from '@azure/storage-blob'
import { Limiter } from '../object-store/limiter.ts'
import { defaultChunk } from '../object-store/sizes.ts'
import { UploadMemory } from '../object-store/upload-memory.ts'
import { StoreProblem } from '../store-problem.ts'
import { createClient, serviceUrlOf } from './client.ts'
import { accessBy, credentialOf } from './credentials.ts'
import { explain, mayPass } from './explain.ts'
import { Keys } from './keys.ts'
import type { AzureOptions } from './options.ts'
import { type Attempt, Requests } from './requests.ts'
import { loadSdk } from './sdk.ts'
import type { Store } from './store.ts'

const copiesAtOnce = 64
const listingLimit = 5_000
const defaultPolls = 5
const defaultPollDelay = 100
/** Milliseconds: whoever starts a registry waits for this. */
const patience = 4_000

/**
 * Loads the SDK and makes what the driver works with. Asks the store nothing, but for the form of its names where that is open: without
 * `rootDirectory`, a container that only Distribution 2 wrote to is served by its names. A store that does not answer is not guessed at:
 * a registry with the other names would be an empty one, that takes pushes.
 *
 * @throws Error when an SDK is not installed, or takes no such credentials; StoreProblem when the store cannot be asked
 */
export async function connect(options: AzureOptions): Promise<Store> {
  const sdk = await loadSdk()
  if (options.credentials.kind !== 'shared-key' && !serviceUrlOf(options).startsWith('https://'))
    throw new Error(
      'the azure store is given tokens over TLS alone: set https:// in serviceurl, or use an account key',
    )
  const credential = await credentialOf(sdk, options)
  const service = createClient(sdk, credential, options)
  const client = service.getContainerClient(options.container)
  const requests = new Requests(options)
  const chunkSize = options.chunkSize ?? defaultChunk
  return {
    sdk,
    client,
    requests,
    access: accessBy(sdk, credential, service, requests),
    keys: await keysOf(options, client, requests),
    memory: new UploadMemory(chunkSize),
    copies: new Limiter(copiesAtOnce),
    chunkSize,
    copyPolls: options.copyPolls ?? defaultPolls,
    copyPollDelay: options.copyPollDelay ?? defaultPollDelay,
    pageSize: listingLimit,
  }
}

async function keysOf(options: AzureOptions, client: ContainerClient, requests: Requests): Promise<Keys> {
  const { rootDirectory, container, log } = options
  const keys = Keys.below(rootDirectory)
  if (keys.root !== '') return keys
  const old = Keys.ofVersion2()
  try {
    if (!(await isUsed(old, client, requests))) return keys
    if (!(await isUsed(keys, client, requests))) return old
  } catch (error) {
    throw new StoreProblem(explain(error, 'list', options, requests.clockOffset), {
      mayPass: mayPass(error),
      cause: error,
    })
  }
  log?.warn(
    { container },
    'the azure container holds names with and without a slash in front, of distribution 2 and 3: those without are served',
  )
  return keys
}

async function isUsed(keys: Keys, client: ContainerClient, requests: Requests): Promise<boolean> {
  const list = async ({ signal }: Attempt): Promise<boolean> => {
    const pages = client.listBlobsFlat({ prefix: keys.layout, abortSignal: signal })
    for await (const page of pages.byPage({ maxPageSize: 1 })) {
      if (page.segment.blobItems.length > 0) return true
      if (page.continuationToken === '' || page.continuationToken === undefined) return false
    }
    return false
  }
  return await requests.send('List Blobs', keys.layout, list, { total: patience })
}
