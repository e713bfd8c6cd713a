import { Keys } from '../object-store/keys.ts'
import { UploadMemory } from '../object-store/upload-memory.ts'
import { Credentials } from './credentials.ts'
import { Addresses, endpointOf } from './endpoint.ts'
import { chunkUnit, defaultChunk, type GcsOptions } from './options.ts'
import { Requests } from './requests.ts'
import type { Store } from './store.ts'
import { Transport } from './transport.ts'

const listingLimit = 1_000
/** Uploads hold pieces of this size at least while there is memory, and it is this that the bounds of memory are counted in. */
const usualPiece = 10 * 1024 ** 2

/**
 * Loads the SDK and makes what the driver works with. Asks the store nothing.
 *
 * @throws Error of one line, when the SDK is not installed or a key cannot be read
 */
export async function connect(options: GcsOptions): Promise<Store> {
  const { bucket } = options
  const chunkSize = options.chunkSize ?? defaultChunk
  if (chunkSize < chunkUnit || chunkSize % chunkUnit !== 0)
    throw new RangeError(`chunks of ${chunkSize} bytes, and not of a multiple of 256 KiB`)
  const credentials = await Credentials.load(options)
  const endpoint = endpointOf({ ...options, universeDomain: credentials.universe })
  return {
    requests: new Requests(new Transport(options.userAgent), credentials, options),
    addresses: new Addresses(endpoint, bucket),
    bucket,
    endpoint,
    iamEndpoint: options.iamEndpoint ?? `https://iamcredentials.${credentials.universe}`,
    keys: new Keys(options.rootDirectory),
    memory: new UploadMemory(Math.min(chunkSize, usualPiece)),
    chunkSize,
    pageSize: listingLimit,
  }
}
