import { parseDigest, type Digest } from '../registry/digest.ts'
import { parseRepositoryName, type RepositoryName } from '../registry/name.ts'
import { parseReference, type Reference } from '../registry/reference.ts'
import { parseUploadId, type UploadId } from '../registry/upload-id.ts'

/** What a path names. `unknown` is any path that no registry has; `moved` one that is spelt another way. */
export type Route =
  | { readonly kind: 'root' }
  | { readonly kind: 'base' }
  /** Where clients get tokens, if they are of our own. */
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: RepositoryName }
  | { readonly kind: 'manifest'; readonly name: RepositoryName; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly name: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly name: RepositoryName }
  | { readonly kind: 'upload'; readonly name: RepositoryName; readonly id: UploadId }
  | { readonly kind: 'referrers'; readonly name: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'moved'; readonly path: string }
  | { readonly kind: 'unknown' }

export type RouteKind = Route['kind']
export type RouteOf<Kind extends RouteKind> = Extract<Route, { readonly kind: Kind }>

/** As clients and proxies know it from Distribution's `autoredirect`. */
export const tokenPath = '/auth/token'

const unknown: Route = { kind: 'unknown' }

/**
 * Parses a decoded path, such as `/v2/library/debian/manifests/latest`. A name may hold any words, `manifests` or `blobs` among
 * them, so the path is read from its end.
 *
 * @throws RegistryError NAME_INVALID, TAG_INVALID, DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN
 */
export function parseRoute(path: string): Route {
  if (path === '/v2/') return { kind: 'base' }
  if (path === '/') return { kind: 'root' }
  if (path === tokenPath) return { kind: 'token' }
  if (path === '/v2') return { kind: 'moved', path: '/v2/' }
  const clean = cleanPath(path)
  if (clean !== path) return clean.startsWith('/v2/') ? { kind: 'moved', path: clean } : unknown
  if (!path.startsWith('/v2/')) return unknown
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  if (path === '/v2/_catalog/') return { kind: 'moved', path: '/v2/_catalog' }

  const beforeLast = path.lastIndexOf('/')
  const last = path.slice(beforeLast + 1)
  const beforeWord = path.lastIndexOf('/', beforeLast - 1)
  const word = path.slice(beforeWord + 1, beforeLast)
  const name = path.slice('/v2/'.length, Math.max(beforeWord, '/v2/'.length))
  if (name === '') return unknown
  if (word === 'uploads' && name.endsWith('/blobs'))
    return parseUploadRoute(name.slice(0, -'/blobs'.length), last)
  if (last === '') return parseTrailingSlash(path)
  switch (word) {
    case 'manifests':
      return { kind: 'manifest', name: parseRepositoryName(name), reference: parseReference(last) }
    case 'blobs':
      if (last === 'uploads') return { kind: 'moved', path: `${path}/` }
      return { kind: 'blob', name: parseRepositoryName(name), digest: parseDigest(last) }
    case 'referrers':
      return { kind: 'referrers', name: parseRepositoryName(name), digest: parseDigest(last) }
    case 'tags':
      return last === 'list' ? { kind: 'tags', name: parseRepositoryName(name) } : unknown
    default:
      return unknown
  }
}

export function blobPath(name: RepositoryName, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`
}

export function uploadPath(name: RepositoryName, id: UploadId): string {
  return `/v2/${name}/blobs/uploads/${id}`
}

export function manifestPath(name: RepositoryName, digest: Digest): string {
  return `/v2/${name}/manifests/${digest}`
}

function parseUploadRoute(name: string, id: string): Route {
  const repository = parseRepositoryName(name)
  return id === ''
    ? { kind: 'uploads', name: repository }
    : { kind: 'upload', name: repository, id: parseUploadId(id) }
}

/** Distribution sends clients on from a path with one slash too many. */
function parseTrailingSlash(path: string): Route {
  const moved = path.slice(0, -1)
  return parseRoute(moved).kind === 'unknown' ? unknown : { kind: 'moved', path: moved }
}

/** Resolves `//`, `.` and `..` as Go's `path.Clean` does, but keeps a slash at the end. */
export function cleanPath(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path
  const components: string[] = []
  for (const component of path.split('/')) {
    if (component === '..') components.pop()
    else if (component !== '' && component !== '.') components.push(component)
  }
  const clean = `/${components.join('/')}`
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean
}
