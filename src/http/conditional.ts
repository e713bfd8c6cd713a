/**
 * Whether a list of entity tags (`If-None-Match`, `If-Match`) holds `etag` or `*` (RFC 9110, 13.1). A digest without its quotes
 * counts too, as Distribution and some clients have it. All tags here are digests, so weak and strong ones are alike.
 *
 * @param etag with its quotes
 */
export function matchesEtag(header: string, etag: string): boolean {
  if (header === etag) return true
  return header.split(',').some((item) => {
    const tag = item.trim().replace(/^W\//, '')
    return tag === '*' || tag === etag || `"${tag}"` === etag
  })
}
