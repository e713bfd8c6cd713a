import type { S3Client } from '@aws-sdk/client-s3'
import { knowsPathStyle } from './addressing.ts'
import { createClient, endpointOf } from './client.ts'
import { Keys } from '../object-store/keys.ts'
import { Limiter } from '../object-store/limiter.ts'
import type { S3Options } from './options.ts'
import { Requests } from './requests.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import { defaultCopyChunk } from './sizes.ts'
import { defaultChunk } from '../object-store/sizes.ts'
import type { Store } from './store.ts'
import { UploadMemory } from '../object-store/upload-memory.ts'
import { writeParameters } from './write-parameters.ts'

const defaultConcurrency = 100
const listingLimit = 1_000

/** Loads the SDK and makes what the driver works with. Asks the store nothing, but for the form of its addresses where that is open. */
export async function connect(options: S3Options): Promise<Store> {
  const sdk = await loadSdk()
  const { bucket } = options
  const client = createClient(sdk, options, await usesPathStyle(sdk, options))
  const chunkSize = options.chunkSize ?? defaultChunk
  const copyChunkSize = options.copyChunkSize ?? defaultCopyChunk
  return {
    sdk,
    requests: new Requests(client, options),
    bucket,
    keys: new Keys(options.rootDirectory),
    parameters: writeParameters(options),
    memory: new UploadMemory(chunkSize),
    copies: new Limiter(options.copyConcurrency ?? defaultConcurrency),
    uploads: new Set(),
    chunkSize,
    copyChunkSize,
    copyThreshold: options.copyThreshold ?? defaultCopyChunk,
    pageSize: listingLimit,
    signsBodies: isPlain(options),
  }
}

async function usesPathStyle(sdk: Sdk, options: S3Options): Promise<boolean> {
  const addressing = options.addressing ?? (endpointOf(options) === undefined ? 'host' : 'auto')
  if (addressing !== 'auto') return addressing === 'path'
  return knowsPathStyle(
    (pathStyle): S3Client => createClient(sdk, options, pathStyle),
    (client, abortSignal) =>
      client.send(new sdk.HeadBucketCommand({ Bucket: options.bucket }), { abortSignal }),
  )
}

function isPlain(options: S3Options): boolean {
  const endpoint = endpointOf(options)
  return endpoint === undefined ? options.secure === false : endpoint.toLowerCase().startsWith('http://')
}
