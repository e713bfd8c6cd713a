import { mediaTypes } from '../../support/images.ts'
import { digestOf } from '../../support/seeded.ts'

/** What a request needs of its repository, one after the other. */
export interface Need {
  readonly action: 'pull' | 'push' | 'delete' | 'list'
  /** That a push sets. */
  readonly tag?: string
}

/** A status, with the code of the error if there is one: `404 BLOB_UNKNOWN`. */
export type Outcome = string

export interface Request {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether anybody is asked who he is. */
  readonly isGuarded: boolean
  /** `registry:catalog:*` */
  readonly isCatalog?: true
  readonly needs: readonly Need[]
  /** A mount: where from, and whether that is named. */
  readonly mount?: { readonly from: string; readonly isNamed: boolean }
  /** For whoever may. */
  readonly allowed: Outcome
  /** For a known user who may not know of the repository. */
  readonly hidden: Outcome
  /** For a known user who may. Default: 403. */
  readonly denied?: Outcome
  /** What the challenge asks for, of the repository. */
  readonly scope: '' | 'pull' | 'pull,push' | 'delete'
}

/** What lies in a repository that is there. The upload is its own. */
export interface Holdings {
  readonly tag: string
  readonly manifest: Content
  readonly blob: Content
}

export interface Content {
  readonly content: string
  readonly digest: string
}

export const holdings: Holdings = {
  tag: 'v1',
  manifest: contentOf(manifestJson('there')),
  blob: contentOf('a blob that lies in each of the repositories'),
}

/** An index of nothing: it needs no blobs. */
function manifestJson(note: string): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [],
    annotations: { note },
  })
}

export function contentOf(content: string): Content {
  return { content, digest: digestOf(content) }
}

const pull: Need = { action: 'pull' }
const push: Need = { action: 'push' }

/** Requests about no repository. */
export function generalRequests(): readonly Request[] {
  const free = { isGuarded: false, needs: [], hidden: '', scope: '' } as const
  const guarded = { ...free, isGuarded: true } as const
  const catalog = { ...guarded, isCatalog: true } as const
  return [
    ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE'].map((method): Request => ({
      ...guarded,
      name: 'base',
      method,
      path: '/v2/',
      allowed: '200',
    })),
    { ...catalog, name: 'catalog', method: 'GET', path: '/v2/_catalog', allowed: '200' },
    { ...catalog, name: 'catalog', method: 'HEAD', path: '/v2/_catalog', allowed: '200' },
    { ...catalog, name: 'catalog', method: 'OPTIONS', path: '/v2/_catalog', allowed: '200' },
    { ...catalog, name: 'catalog', method: 'POST', path: '/v2/_catalog', allowed: '405 UNSUPPORTED' },
    { ...free, name: 'root', method: 'GET', path: '/', allowed: '200' },
    { ...free, name: 'without slash', method: 'GET', path: '/v2', allowed: '301' },
    { ...free, name: 'no route', method: 'GET', path: '/v2/nothing', allowed: '404' },
    { ...free, name: 'no route', method: 'GET', path: '/elsewhere', allowed: '404' },
    { ...free, name: 'no name', method: 'GET', path: '/v2/ROOM/tags/list', allowed: '400 NAME_INVALID' },
  ]
}

export interface About {
  readonly isThere: boolean
  /** The id of one, which is under way if the repository is there. */
  readonly upload: string
  /** Methods, too, that a route has not. */
  readonly withOthers: boolean
}

/** Every route and method of a repository. */
export function repositoryRequests(name: string, { isThere, upload, withOthers }: About): readonly Request[] {
  const at = `/v2/${name}`
  const { tag, manifest, blob } = holdings
  const when = (there: Outcome, absent: Outcome): Outcome => (isThere ? there : absent)
  const request = (
    method: string,
    path: string,
    rest: Pick<Request, 'name' | 'needs' | 'allowed' | 'hidden' | 'scope'> & Partial<Request>,
  ): Request => ({ method, path: `${at}/${path}`, isGuarded: true, ...rest })
  const others = (
    route: string,
    path: string,
    methods: readonly string[],
    rest: Pick<Request, 'hidden' | 'denied'> & { readonly tag?: string },
  ): readonly Request[] =>
    methods.map((method) => {
      const isWrite = method === 'POST' || method === 'PUT' || method === 'PATCH'
      const tagged: readonly Need[] = rest.tag === undefined ? [] : [{ action: 'push', tag: rest.tag }]
      return request(method, path, {
        ...rest,
        name: `${route}, another method`,
        needs: isWrite ? [pull, push, ...tagged] : [],
        allowed: method === 'OPTIONS' ? '200' : '405 UNSUPPORTED',
        scope: isWrite ? 'pull,push' : '',
      })
    })

  const reads = ['GET', 'HEAD'].flatMap((method) => [
    request(method, 'tags/list', {
      name: 'tags',
      needs: [{ action: 'list' }],
      allowed: when('200', '404 NAME_UNKNOWN'),
      hidden: '404 NAME_UNKNOWN',
      scope: 'pull',
    }),
    ...[tag, manifest.digest].map((reference) =>
      request(method, `manifests/${reference}`, {
        name: reference === tag ? 'manifest by tag' : 'manifest by digest',
        needs: [pull],
        headers: { Accept: mediaTypes.ociIndex },
        allowed: when('200', '404 MANIFEST_UNKNOWN'),
        hidden: '404 MANIFEST_UNKNOWN',
        scope: 'pull',
      }),
    ),
    request(method, `blobs/${blob.digest}`, {
      name: 'blob',
      needs: [pull],
      allowed: when('200', '404 BLOB_UNKNOWN'),
      hidden: '404 BLOB_UNKNOWN',
      scope: 'pull',
    }),
    request(method, `blobs/uploads/${upload}`, {
      name: 'upload status',
      needs: [pull],
      allowed: when('204', '404 BLOB_UPLOAD_UNKNOWN'),
      hidden: '404 BLOB_UPLOAD_UNKNOWN',
      scope: 'pull',
    }),
    // A repository that is not there has no referrers; so has one that must not be known of.
    request(method, `referrers/${manifest.digest}`, {
      name: 'referrers',
      needs: [pull],
      allowed: '200',
      hidden: '200',
      scope: 'pull',
    }),
  ])

  const put = (reference: string, tags: readonly string[], note: string): Request =>
    request('PUT', `manifests/${reference}`, {
      name: `PUT manifest ${note}`,
      needs: [pull, push, ...tags.map((each) => ({ action: 'push' as const, tag: each }))],
      headers: { 'Content-Type': mediaTypes.ociIndex },
      body: manifest.content,
      allowed: '201',
      hidden: '404 MANIFEST_UNKNOWN',
      scope: 'pull,push',
    })
  const pushing = {
    needs: [pull, push],
    headers: { 'Content-Type': 'application/octet-stream' },
    scope: 'pull,push',
  } as const
  const uploading = { ...pushing, hidden: '404 BLOB_UPLOAD_UNKNOWN' } as const
  const starting = { ...pushing, hidden: '404 NAME_UNKNOWN' } as const
  const pushed = contentOf('pushed in one request')
  const mounting = (from: string, isNamed: boolean): Request => {
    const source = isNamed ? `&from=${from}` : ''
    return request('POST', `blobs/uploads/?mount=${blobOf(from).digest}${source}`, {
      ...starting,
      name: `mount from ${from}${isNamed ? '' : ', not named'}`,
      mount: { from, isNamed },
      allowed: '201',
    })
  }
  const writes = [
    put(tag, [tag], 'by tag'),
    put('release-1', ['release-1'], 'by a tag of a release'),
    put('other', ['other'], 'by another tag'),
    put(manifest.digest, [], 'by digest'),
    put(`${manifest.digest}?tag=release-2`, ['release-2'], 'by digest, with a tag of a release'),
    put(`${manifest.digest}?tag=release-2&tag=other`, ['release-2', 'other'], 'by digest, with two tags'),
    request('POST', 'blobs/uploads/', { ...starting, name: 'POST upload', allowed: '202' }),
    request('POST', `blobs/uploads/?digest=${pushed.digest}`, {
      ...starting,
      name: 'POST blob',
      body: pushed.content,
      allowed: '201',
    }),
    request('POST', `blobs/uploads/?mount=${digestOf('nowhere')}&from=shelf/there`, {
      ...starting,
      name: 'mount of a blob that is not there',
      mount: { from: 'shelf/there', isNamed: true },
      allowed: '202',
    }),
    ...['shelf/there', 'attic/there', 'shelf/empty'].map((from) => mounting(from, true)),
    mounting('attic/there', false),
    request('PATCH', `blobs/uploads/${upload}`, {
      ...uploading,
      name: 'PATCH upload',
      body: 'a chunk',
      allowed: when('202', '404 BLOB_UPLOAD_UNKNOWN'),
    }),
    request('PUT', `blobs/uploads/${upload}?digest=${pushed.digest}`, {
      ...uploading,
      name: 'PUT upload',
      body: pushed.content,
      allowed: when('201', '404 BLOB_UPLOAD_UNKNOWN'),
    }),
    // Ending an upload is part of pushing.
    request('DELETE', `blobs/uploads/${upload}`, {
      ...uploading,
      name: 'DELETE upload',
      allowed: when('204', '404 BLOB_UPLOAD_UNKNOWN'),
    }),
  ]
  const deletes = [tag, manifest.digest]
    .map((reference) =>
      request('DELETE', `manifests/${reference}`, {
        name: reference === tag ? 'DELETE tag' : 'DELETE manifest',
        needs: [{ action: 'delete' }],
        allowed: when('202', '404 MANIFEST_UNKNOWN'),
        hidden: '404 MANIFEST_UNKNOWN',
        scope: 'delete',
      }),
    )
    .concat(
      request('DELETE', `blobs/${blob.digest}`, {
        name: 'DELETE blob',
        needs: [{ action: 'delete' }],
        allowed: when('202', '404 BLOB_UNKNOWN'),
        hidden: '404 BLOB_UNKNOWN',
        scope: 'delete',
      }),
    )
  const all = [...reads, ...writes, ...deletes]
  if (!withOthers) return all
  return [
    ...all,
    ...others('tags', 'tags/list', ['PUT', 'OPTIONS', 'PURGE'], { hidden: '404 NAME_UNKNOWN' }),
    ...others('manifest', `manifests/${tag}`, ['PATCH', 'OPTIONS', 'PURGE'], {
      hidden: '404 MANIFEST_UNKNOWN',
      tag,
    }),
    ...others('blob', `blobs/${blob.digest}`, ['PUT', 'OPTIONS', 'PURGE'], { hidden: '404 BLOB_UNKNOWN' }),
    ...others('uploads', 'blobs/uploads/', ['PUT', 'OPTIONS', 'PURGE'], { hidden: '404 NAME_UNKNOWN' }),
    ...others('upload', `blobs/uploads/${upload}`, ['POST', 'OPTIONS', 'PURGE'], {
      hidden: '404 BLOB_UPLOAD_UNKNOWN',
    }),
    // There is no such method, whatever there is.
    ...others('referrers', `referrers/${manifest.digest}`, ['PUT', 'OPTIONS', 'PURGE'], {
      hidden: '405 UNSUPPORTED',
      denied: '405 UNSUPPORTED',
    }),
  ]
}

/** A blob that lies in that repository alone, for mounts. */
export function blobOf(repository: string): Content {
  return contentOf(`a blob that lies in ${repository} alone`)
}
