import { seeded } from '../corpus/seed-store.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'

/** A request that is sent to all registries alike. */
export interface ComparedRequest {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const noUpload = '00000000-0000-4000-8000-000000000000'
const layer = digestOf(seeded.layer)
const manifest = digestOf(seeded.manifest)
const accept = { Accept: mediaTypes.ociManifest }

/** What a client that has just been given credentials asks. */
export const firstRequests: readonly ComparedRequest[] = [
  request('GET', '/v2/'),
  request('GET', `/v2/${seeded.name}/manifests/${seeded.tag}`, { headers: accept }),
]

/** Every route and method, about a repository that is there and about one that is not. */
export const allRequests: readonly ComparedRequest[] = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE'].map((method) => request(method, '/v2/')),
  ...['GET', 'HEAD', 'POST', 'OPTIONS'].map((method) => request(method, '/v2/_catalog')),
  ...aboutRepository(seeded.name),
  ...aboutRepository('absent/app'),
  ...['/', '/v1/', '/v2', '/v2/unknown', '/v2/_catalog/', '/auth/token', '/elsewhere'].map((path) =>
    request('GET', path),
  ),
  request('GET', `/v2/${seeded.name}/tags/list/`),
  request('GET', '/v2/UPPER/tags/list'),
  request('GET', `/v2/${seeded.name}/blobs/sha256:0`),
  request('GET', `/v2/${seeded.name}/manifests/-`),
]

function aboutRepository(name: string): readonly ComparedRequest[] {
  const at = `/v2/${name}`
  const pushed = { headers: { 'Content-Type': mediaTypes.ociManifest }, body: '{}' }
  const bytes = { headers: { 'Content-Type': 'application/octet-stream' }, body: 'bytes' }
  return [
    ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => request(method, `${at}/tags/list`)),
    ...['GET', 'HEAD'].flatMap((method) => [
      request(method, `${at}/manifests/${seeded.tag}`, { headers: accept }),
      request(method, `${at}/manifests/${manifest}`, { headers: accept }),
      request(method, `${at}/blobs/${layer}`),
    ]),
    request('PUT', `${at}/manifests/pushed`, pushed),
    request('DELETE', `${at}/manifests/${digestOf('no such manifest')}`),
    request('DELETE', `${at}/blobs/${digestOf('no such blob')}`),
    ...['PATCH', 'POST', 'OPTIONS', 'PURGE'].map((method) =>
      request(method, `${at}/manifests/${seeded.tag}`),
    ),
    ...['PUT', 'POST', 'OPTIONS', 'PURGE'].map((method) => request(method, `${at}/blobs/${layer}`)),
    ...['GET', 'OPTIONS'].map((method) => request(method, `${at}/blobs/uploads/`)),
    request('POST', `${at}/blobs/uploads/`),
    request('POST', `${at}/blobs/uploads/?from=other/app`),
    request('POST', `${at}/blobs/uploads/?mount=${layer}&from=other/app`),
    request('POST', `${at}/blobs/uploads/?digest=${digestOf('bytes')}`, bytes),
    request('GET', `${at}/manifests/${seeded.tag}?from=other/app`, { headers: accept }),
    ...['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) =>
      request(method, `${at}/blobs/uploads/${noUpload}`),
    ),
    request('PATCH', `${at}/blobs/uploads/${noUpload}`, bytes),
    request('PUT', `${at}/blobs/uploads/${noUpload}?digest=${digestOf('bytes')}`, bytes),
    ...['GET', 'OPTIONS'].map((method) => request(method, `${at}/referrers/${manifest}`)),
  ]
}

function request(
  method: string,
  path: string,
  rest: Pick<ComparedRequest, 'headers' | 'body'> = {},
): ComparedRequest {
  return { name: `${method} ${path.replaceAll(/sha256:[0-9a-f]{60,}/g, 'DIGEST')}`, method, path, ...rest }
}
