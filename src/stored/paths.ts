/**
 * The only maker of storage paths. What Distribution knows (`registry/storage/paths.go` there), byte for byte:
 *
 *     docker/registry/v2/
 *       blobs/ALG/XX/HEX/data                            content; ALG is sha256; XX the first two characters of HEX
 *       repositories/NAME/
 *         _layers/ALG/HEX/link                           a blob linked into the repository; holds its sha256 digest
 *         _manifests/revisions/ALG/HEX/link              a manifest of the repository
 *         _manifests/tags/TAG/current/link               what the tag points at
 *         _manifests/tags/TAG/index/ALG/HEX/link         every manifest that it ever pointed at
 *         _uploads/ID/startedat                          when an upload began
 *
 * What is ours, in names that Distribution skips:
 *
 *         _uploads/ID/algorithm                          digest algorithm of the upload, when it is not sha256
 *         _uploads/ID/part-RANDOM                        the bytes of one request
 *         _uploads/ID/segment-MARKER                     what a part holds (segment.ts); empty
 *         _digests/ALG/HEX/link                          another digest of a manifest; holds its sha256
 *         _referrers/ALG/SUBJECT/ALG/HEX                 descriptor of one referrer of SUBJECT, as JSON
 *         _referrers/complete                            this repository's referrers have been indexed
 *       _berth/name                                      tells this store from others; there when a shared cache is used
 */
import { algorithmOf, hexOf, type Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Tag } from '../registry/reference.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { storagePath, type StoragePath } from '../storage/driver.ts'

const root = 'docker/registry/v2'

export function storeName(): StoragePath {
  return storagePath(`${root}/_berth/name`)
}

export function blobData(digest: Digest): StoragePath {
  const hex = hexOf(digest)
  return storagePath(`${root}/blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}/data`)
}

/** The folder of all repositories, or one below it. `name` may be any part of a repository's name. */
export function repositoriesFolder(name?: string): StoragePath {
  return storagePath(name === undefined ? `${root}/repositories` : `${root}/repositories/${name}`)
}

export function layerLink(repository: RepositoryName, digest: Digest): StoragePath {
  return storagePath(`${folder(repository)}/_layers/${branch(digest)}/link`)
}

/** `algorithm` unset: the folder of the algorithms. */
export function revisionsFolder(repository: RepositoryName, algorithm?: string): StoragePath {
  const revisions = `${folder(repository)}/_manifests/revisions`
  return storagePath(algorithm === undefined ? revisions : `${revisions}/${algorithm}`)
}

export function revisionLink(repository: RepositoryName, digest: Digest): StoragePath {
  return storagePath(`${folder(repository)}/_manifests/revisions/${branch(digest)}/link`)
}

export function tagsFolder(repository: RepositoryName): StoragePath {
  return storagePath(`${folder(repository)}/_manifests/tags`)
}

export function tagLink(repository: RepositoryName, tag: Tag): StoragePath {
  return storagePath(`${folder(repository)}/_manifests/tags/${tag}/current/link`)
}

export function tagHistoryFolder(repository: RepositoryName, tag: Tag): StoragePath {
  return storagePath(`${folder(repository)}/_manifests/tags/${tag}/index`)
}

export function tagHistoryLink(repository: RepositoryName, tag: Tag, digest: Digest): StoragePath {
  return storagePath(`${folder(repository)}/_manifests/tags/${tag}/index/${branch(digest)}/link`)
}

export function manifestAliasLink(repository: RepositoryName, digest: Digest): StoragePath {
  return storagePath(`${folder(repository)}/_digests/${branch(digest)}/link`)
}

export function uploadsFolder(repository: RepositoryName): StoragePath {
  return storagePath(`${folder(repository)}/_uploads`)
}

export function uploadFolder(repository: RepositoryName, id: UploadId): StoragePath {
  return storagePath(`${folder(repository)}/_uploads/${id}`)
}

/** What an upload's folder holds. */
export type UploadEntry = 'startedat' | 'algorithm' | `part-${string}` | `segment-${string}`

export function uploadEntry(repository: RepositoryName, id: UploadId, entry: UploadEntry): StoragePath {
  return storagePath(`${folder(repository)}/_uploads/${id}/${entry}`)
}

/** `algorithm` unset: the folder of the algorithms of a subject's referrers. */
export function referrersFolder(
  repository: RepositoryName,
  subject: Digest,
  algorithm?: string,
): StoragePath {
  const referrers = `${folder(repository)}/_referrers/${branch(subject)}`
  return storagePath(algorithm === undefined ? referrers : `${referrers}/${algorithm}`)
}

export function referrerEntry(repository: RepositoryName, subject: Digest, referrer: Digest): StoragePath {
  return storagePath(`${folder(repository)}/_referrers/${branch(subject)}/${branch(referrer)}`)
}

export function referrersComplete(repository: RepositoryName): StoragePath {
  return storagePath(`${folder(repository)}/_referrers/complete`)
}

function folder(repository: RepositoryName): string {
  return `${root}/repositories/${repository}`
}

function branch(digest: Digest): string {
  return `${algorithmOf(digest)}/${hexOf(digest)}`
}
