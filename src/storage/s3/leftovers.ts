import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3'
import { isOf } from './errors.ts'
import type { Store } from './store.ts'

/** Below this, both registries keep all that they store. A bucket may be shared, and what others upload elsewhere is theirs. */
const layout = 'docker/registry/v2/'

interface Pending {
  readonly key: string
  readonly id: string
}

/**
 * Aborts multipart uploads that nobody sent anything to for so many milliseconds: their parts take room, are paid for, and show in
 * no listing of objects. Returns how many there were.
 *
 * @param dryRun only count them
 * @throws S3Failure
 */
export async function removeLeftovers(store: Store, olderThan: number, dryRun: boolean): Promise<number> {
  // The store's clock dated them.
  const before = Date.now() + store.requests.clockOffset - olderThan
  let removed = 0
  for await (const pending of pendingUploads(store, before)) {
    if (store.uploads.has(pending.id) || (await isAlive(store, pending, before))) continue
    if (dryRun || (await abort(store, pending))) removed++
  }
  return removed
}

interface Marker {
  readonly KeyMarker?: string
  readonly UploadIdMarker?: string
}

/** Uploads that began before a time. */
async function* pendingUploads(store: Store, before: number): AsyncGenerator<Pending, void, undefined> {
  const { sdk, requests, bucket, keys } = store
  const prefix = keys.root + layout
  let marker: Marker | undefined = {}
  while (marker !== undefined) {
    const from: Marker = marker
    const page: ListMultipartUploadsCommandOutput = await requests.send(
      'ListMultipartUploads',
      prefix,
      ({ client, signal }) =>
        client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...from }), {
          abortSignal: signal,
        }),
    )
    for (const { Key: key = '', UploadId: id = '', Initiated } of page.Uploads ?? [])
      if (key.startsWith(prefix) && (Initiated?.getTime() ?? Infinity) < before) yield { key, id }
    marker =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined
  }
}

/** Whether a part came after that time: another process may be at it, slowly. */
async function isAlive(
  { sdk, requests, bucket }: Store,
  { key, id }: Pending,
  before: number,
): Promise<boolean> {
  let marker: string | undefined
  do {
    const from = marker
    const page: ListPartsCommandOutput | undefined = await requests
      .send('ListParts', key, ({ client, signal }) =>
        client.send(
          new sdk.ListPartsCommand({
            Bucket: bucket,
            Key: key,
            UploadId: id,
            ...(from !== undefined && { PartNumberMarker: from }),
          }),
          { abortSignal: signal },
        ),
      )
      .catch(ifGone)
    if (page?.Parts?.some(({ LastModified }) => (LastModified?.getTime() ?? 0) >= before) === true)
      return true
    marker = page?.IsTruncated === true ? page.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return false
}

async function abort({ sdk, requests, bucket }: Store, { key, id }: Pending): Promise<boolean> {
  const done = await requests
    .send('AbortMultipartUpload', key, ({ client, signal }) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }), {
        abortSignal: signal,
      }),
    )
    .catch(ifGone)
  return done !== undefined
}

function ifGone(error: unknown): undefined {
  if (!isOf(error, 'NoSuchUpload')) throw error
}
