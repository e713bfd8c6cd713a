import { mediaTypes } from '../support/images.ts'
import { http, type HttpResponse } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'

/** A request of each kind that a registry counts, well and not, whose outcomes are the same everywhere. */
export async function makeTraffic(url: string): Promise<void> {
  const ask = async (
    status: number,
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpResponse> => {
    const target = path.startsWith('http') ? path : url + path
    const answer = await http(method, target, { headers, ...(body !== undefined && { body }) })
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status}, not ${status}: ${answer.body.toString()}`)
    return answer
  }
  const octets = { 'Content-Type': 'application/octet-stream' }
  const begin = async (): Promise<string> => {
    const { headers } = await ask(202, 'POST', '/v2/a/b/blobs/uploads/')
    return new URL(headers.location ?? '', url).href
  }

  await ask(200, 'GET', '/v2/')
  await ask(200, 'HEAD', '/v2/')
  await ask(200, 'GET', '/')
  await ask(404, 'GET', '/nowhere')

  const [config, layer] = ['{}', 'a layer']
  await ask(201, 'PUT', commit(await begin(), digestOf(config)), config, octets)
  const patched = await ask(202, 'PATCH', await begin(), layer, octets)
  const location = new URL(patched.headers.location ?? '', url).href
  await ask(201, 'PUT', commit(location, digestOf(layer)), '', octets)
  await ask(204, 'DELETE', await begin())

  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(layer), size: layer.length }],
  })
  const oci = { 'Content-Type': mediaTypes.ociManifest, Accept: mediaTypes.ociManifest }
  await ask(201, 'PUT', '/v2/a/b/manifests/v1', manifest, oci)
  for (let repeats = 0; repeats < 3; repeats++) {
    await ask(200, 'GET', '/v2/a/b/manifests/v1', undefined, oci)
    await ask(200, 'HEAD', '/v2/a/b/manifests/v1', undefined, oci)
    await ask(200, 'GET', `/v2/a/b/blobs/${digestOf(layer)}`)
    await ask(200, 'HEAD', `/v2/a/b/blobs/${digestOf(layer)}`)
  }
  await ask(404, 'GET', '/v2/a/b/manifests/none', undefined, oci)
  await ask(404, 'GET', `/v2/a/b/blobs/${digestOf('absent')}`)
  await ask(200, 'GET', '/v2/a/b/tags/list')
  await ask(404, 'GET', '/v2/a/none/tags/list')
  await ask(200, 'GET', '/v2/_catalog')
  await ask(405, 'PATCH', '/v2/a/b/manifests/v1')
  await ask(405, 'PROPFIND', '/v2/a/b/manifests/v1')
  await ask(202, 'DELETE', `/v2/a/b/manifests/${digestOf(manifest)}`)
}

function commit(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}
