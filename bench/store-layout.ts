/**
 * The part of the registry's layout on disk that the bench writes by itself, for 100,000 tags through HTTP would take
 * longer than all loads. Written apart from Berth's own paths on purpose: it is Distribution's layout that counts.
 */
const root = 'docker/registry/v2'

export function blobFile(digest: string): string {
  const hex = hexOf(digest)
  return `${root}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
}

export function repositoryFolder(repository: string): string {
  return `${root}/repositories/${repository}`
}

export function layerLink(repository: string, digest: string): string {
  return `${repositoryFolder(repository)}/_layers/sha256/${hexOf(digest)}/link`
}

export function revisionLink(repository: string, digest: string): string {
  return `${repositoryFolder(repository)}/_manifests/revisions/sha256/${hexOf(digest)}/link`
}

/** What a tag points at. Tagging writes a second link, `index/…`, which no load reads, and which is left out. */
export function tagLink(repository: string, tag: string): string {
  return `${repositoryFolder(repository)}/_manifests/tags/${tag}/current/link`
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1)
}
