import type { Descriptor } from '../registry/descriptor.ts'
import { maxManifestSize } from '../registry/manifest.ts'
import { mediaTypes } from '../registry/media-types.ts'
import type { Lister } from '../registry/registry.ts'
import type { Exchange } from './exchange.ts'
import { nextPage, parsePageSize } from './pagination.ts'
import type { RouteOf } from './route.ts'

/** Descriptors in a page. */
const maxPage = 1000

/** Bytes that the other fields of a page's index may take. */
const envelope = 1024

/**
 * The referrers of a digest, as an index (OCI distribution specification, "Listing Referrers"). It is no failure that there are
 * none, nor that the digest or the repository is unknown. A page is no larger than a manifest may be.
 */
export async function getReferrers(
  exchange: Exchange,
  registry: Lister,
  { name, digest }: RouteOf<'referrers'>,
): Promise<void> {
  const size = Math.min(parsePageSize(exchange) ?? maxPage, maxPage)
  const artifactType = exchange.query.get('artifactType')
  const after = exchange.query.get('last') ?? undefined
  const manifests: Descriptor[] = []
  let bytes = envelope
  let hasMore = false
  for await (const descriptor of registry.referrers(exchange.context, name, digest, after)) {
    if (artifactType !== null && descriptor.artifactType !== artifactType) continue
    bytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1
    hasMore = manifests.length >= size || (bytes > maxManifestSize && manifests.length > 0)
    if (hasMore) break
    manifests.push(descriptor)
  }
  const last = manifests.at(-1)?.digest
  const filter = artifactType === null ? {} : { artifactType }
  const headers = {
    'Content-Type': mediaTypes.ociIndex,
    ...(artifactType !== null && { 'OCI-Filters-Applied': 'artifactType' }),
    ...(hasMore && last !== undefined && nextPage(exchange, { ...filter, last, n: String(size) })),
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  await exchange.sendJson(200, index, headers)
}
