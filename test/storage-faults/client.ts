import { setTimeout as delay } from 'node:timers/promises'
import { http, type HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'

/** How a blob is pushed: as docker does, in one request, in several PATCHes. */
export type Way = 'patch' | 'post' | 'chunks'

/** A push that the registry did not acknowledge. */
export class Refused extends Error {
  readonly answer: HttpResponse

  constructor(what: string, answer: HttpResponse) {
    super(`${what}: ${answer.status} ${answer.body.toString()}`)
    this.answer = answer
  }
}

const octets = { 'Content-Type': 'application/octet-stream' }

/** Sends a request; the answer must be of that status. */
async function sent(
  expected: number,
  method: string,
  url: string,
  options: Parameters<typeof http>[2] = {},
): Promise<HttpResponse> {
  const answer = await http(method, url, options)
  if (answer.status !== expected) throw new Refused(`${method} ${url}`, answer)
  return answer
}

/** Pushes a blob. Returns when the registry acknowledged it. */
export async function pushBlob(base: string, repository: string, content: Buffer, way: Way): Promise<string> {
  const digest = digestOf(content)
  const start = `${base}/v2/${repository}/blobs/uploads/`
  if (way === 'post') {
    await sent(201, 'POST', `${start}?digest=${digest}`, { headers: octets, body: content })
    return digest
  }
  let place = locationOf(base, await sent(202, 'POST', start))
  const chunk = way === 'chunks' ? Math.ceil(content.length / 3) : content.length
  for (let at = 0; at < content.length; at += chunk) {
    const body = content.subarray(at, at + chunk)
    place = locationOf(base, await sent(202, 'PATCH', place, { headers: octets, body }))
  }
  await sent(201, 'PUT', `${place}${place.includes('?') ? '&' : '?'}digest=${digest}`)
  return digest
}

function locationOf(base: string, { headers }: HttpResponse): string {
  return new URL(String(headers.location), base).href
}

export interface PushedManifest {
  readonly repository: string
  readonly digest: string
  readonly tag: string
  readonly content: string
}

/** Pushes a manifest of blobs that are there. */
export async function pushManifest(
  base: string,
  repository: string,
  tag: string,
  blobs: readonly Buffer[],
): Promise<PushedManifest> {
  const content = manifestOf(blobs)
  await sent(201, 'PUT', `${base}/v2/${repository}/manifests/${tag}`, {
    headers: { 'Content-Type': mediaTypes.ociManifest },
    body: content,
  })
  return { repository, digest: digestOf(content), tag, content }
}

/** A manifest whose first blob is its configuration. */
export function manifestOf(blobs: readonly Buffer[]): string {
  const [config, ...layers] = blobs.map((content, index) => ({
    mediaType: index === 0 ? mediaTypes.ociConfig : mediaTypes.ociLayer,
    digest: digestOf(content),
    size: content.length,
  }))
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers })
}

/** Pushes an image as a client does that does not give up: whatever fails is begun anew, up to a time. */
export async function pushImage(
  base: string,
  repository: string,
  tag: string,
  blobs: readonly Buffer[],
  { way = 'patch', within = 60_000 }: { readonly way?: Way; readonly within?: number } = {},
): Promise<PushedManifest> {
  return await persistently(within, async () => {
    for (const blob of blobs) await pushBlob(base, repository, blob, way)
    return await pushManifest(base, repository, tag, blobs)
  })
}

/** Does something again until it succeeds. Refusals that do not pass are not tried again. */
export async function persistently<Result>(within: number, work: () => Promise<Result>): Promise<Result> {
  const end = Date.now() + within
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isFinal = error instanceof Refused && error.answer.status < 500 && error.answer.status !== 404
      if (isFinal || Date.now() > end) throw error
      await delay(200)
    }
  }
}
