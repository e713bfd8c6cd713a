import { http } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'
import { anyManifest } from './pusher.ts'
import type { Content } from './sequence.ts'

/** What a registry answers to questions about some content, in a form that can be compared with another registry's. */
export type Observation = Readonly<Record<string, string>>

/** Asks for all tags, manifests and blobs, those that are gone included. */
export async function observe(url: string, { repositories }: Content): Promise<Observation> {
  const seen: Record<string, string> = {}
  for (const [name, { tags, manifests, blobs }] of Object.entries(repositories)) {
    const list = await http('GET', `${url}/v2/${name}/tags/list`)
    // Distribution 2 lists in no order.
    const listed = list.status === 200 ? (list.json() as { tags: string[] }).tags.toSorted() : []
    seen[`${name}: tags`] = `${list.status} ${listed.join(' ')}`
    for (const reference of [...Object.keys(tags), 'none', ...manifests]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await http(method, `${url}/v2/${name}/manifests/${reference}`, {
          headers: { Accept: anyManifest },
        })
        seen[`${method} ${name}:${reference}`] = describe(answer, method)
      }
    }
    for (const digest of blobs) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await http(method, `${url}/v2/${name}/blobs/${digest}`)
        // Berth names a blob as it was asked for, Distribution always by its sha256.
        const isCanonical = digest.startsWith('sha256:')
        const headers = isCanonical ? answer.headers : { ...answer.headers, 'docker-content-digest': digest }
        seen[`${method} ${name}@${digest}`] = describe({ ...answer, headers }, method)
      }
    }
  }
  return seen
}

/** The catalog, in byte order. */
export async function catalog(url: string): Promise<readonly string[]> {
  const answer = await http('GET', `${url}/v2/_catalog`)
  return (answer.json() as { repositories: string[] }).repositories.toSorted()
}

function describe(
  answer: {
    readonly status: number
    readonly headers: NodeJS.Dict<string | string[]>
    readonly body: Buffer
  },
  method: string,
): string {
  const { status, headers, body } = answer
  if (status !== 200) return String(status)
  const content = method === 'HEAD' ? '' : digestOf(body)
  return [
    status,
    headers['content-type'],
    headers['content-length'],
    headers['docker-content-digest'],
    headers['etag'] === undefined ? 'no etag' : 'etag',
    content,
  ].join(' ')
}
