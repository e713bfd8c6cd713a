import { algorithmOf, type DigestAlgorithm } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { UploadId } from '../registry/upload-id.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { uploadFolder } from './paths.ts'
import { chainOf, endMark, parseMarker, type Segment } from './segment.ts'

/** The name of a segment's object: this, then its marker. */
export const segmentPrefix = 'segment-'

/** Each is an object with a marker; some 10 MB of names. */
const maxSegments = 50_000

/** What lies in the folder of an upload. */
export interface UploadListing {
  /** Whether there is such an upload, and it is one of ours. */
  readonly isThere: boolean
  /** Whether it says by which algorithm it is hashed. */
  readonly hasAlgorithm: boolean
  readonly segments: readonly Segment[]
  readonly names: readonly string[]
}

/** Lists all of an upload. */
export async function listUpload(
  driver: StorageDriver,
  repository: RepositoryName,
  id: UploadId,
): Promise<UploadListing> {
  const names: string[] = []
  for await (const name of driver.list(uploadFolder(repository, id))) {
    names.push(name)
    if (names.length > 2 * maxSegments) throw tooMany()
  }
  const isDistributions = names.includes('data') || names.includes('hashstates')
  return {
    isThere: names.includes('startedat') && !isDistributions,
    hasAlgorithm: names.includes('algorithm'),
    segments: segmentsIn(names),
    names,
  }
}

/**
 * What a request must know that adds bytes at `offset`: whether the upload is there, what ends there, and what came after. Names sort by
 * where segments end and `startedat` sorts last, so that this is one request however many chunks there were.
 */
export interface UploadTail {
  readonly isThere: boolean
  /** That of a segment that ends at `offset`; undefined when none does. */
  readonly algorithm: DigestAlgorithm | undefined
  /** The segments that end behind `offset`. */
  readonly segments: readonly Segment[]
  /** The segments that count from `offset` on. */
  readonly chain: readonly Segment[]
}

export async function listTail(
  driver: StorageDriver,
  repository: RepositoryName,
  id: UploadId,
  offset: number,
): Promise<UploadTail> {
  const names: string[] = []
  for await (const name of driver.list(uploadFolder(repository, id), segmentPrefix + endMark(offset)))
    names.push(name)
  const segments = segmentsIn(names)
  const before = segments.find(({ end }) => end === offset)
  return {
    isThere: names.includes('startedat'),
    algorithm: before && algorithmOf(before.digest),
    segments: segments.filter(({ end }) => end > offset),
    chain: chainOf(segments, offset),
  }
}

function segmentsIn(names: readonly string[]): readonly Segment[] {
  const segments: Segment[] = []
  for (const name of names) {
    const segment = name.startsWith(segmentPrefix) ? parseMarker(name.slice(segmentPrefix.length)) : undefined
    if (segment !== undefined) segments.push(segment)
  }
  return segments
}

function tooMany(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', {
    detail: `more than ${maxSegments} chunks: send larger ones`,
  })
}
