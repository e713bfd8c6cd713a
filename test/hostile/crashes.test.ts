import assert from 'node:assert/strict'
import test from 'node:test'
import {
  descriptor,
  image,
  index,
  newBlob,
  octets,
  type Content,
  type TypedContent,
} from '../http/content.ts'
import { http } from '../support/http.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { inject } from './inject.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/**
 * kill -9 at each step of a push. The kernel kills the server as it enters the Nth call of a kind; the next one starts
 * on what lies there, and is asked for everything that was ever acknowledged, and for everything that it lists.
 */

const emptyConfig: Content = { content: Buffer.from('{}'), digest: digestOf('{}') }

/** What clients of one server were told to be safe. */
interface Acknowledged {
  readonly blobs: Map<string, Content>
  readonly manifests: Map<string, TypedContent>
  readonly tags: Map<string, string>
}

/** All ways of a push, one after the other, until the server is gone. */
async function pushUntilKilled(url: string, round: number, acknowledged: Acknowledged): Promise<number> {
  let steps = 0
  const call = async (
    method: string,
    path: string,
    body?: Uint8Array,
    type = 'application/octet-stream',
  ): Promise<string> => {
    const answer = await http(method, `${url}${path}`, {
      headers: { ...octets, 'Content-Type': type },
      ...(body && { body }),
    })
    assert.ok(
      [201, 202].includes(answer.status),
      `${method} ${path}: ${answer.status} ${answer.body.toString()}`,
    )
    steps++
    return answer.headers.location === undefined ? '' : new URL(answer.headers.location).pathname
  }
  const note = (blob: Content): void => void acknowledged.blobs.set(blob.digest, blob)
  const manifest = async (content: TypedContent, reference: string): Promise<void> => {
    await call('PUT', `/v2/r/manifests/${reference}`, content.content, content.mediaType)
    acknowledged.manifests.set(content.digest, content)
    if (!reference.includes(':')) acknowledged.tags.set(reference, content.digest)
  }
  try {
    const [monolithic, patched, chunked] = [newBlob(70_000), newBlob(70_000), newBlob(70_000)]
    await call('POST', `/v2/r/blobs/uploads/?digest=${emptyConfig.digest}`, emptyConfig.content)
    note(emptyConfig)
    await call(
      'PUT',
      `${await call('POST', '/v2/r/blobs/uploads/')}?digest=${monolithic.digest}`,
      monolithic.content,
    )
    note(monolithic)
    const one = await call('POST', '/v2/r/blobs/uploads/')
    await call('PATCH', one, patched.content)
    await call('PUT', `${one}?digest=${patched.digest}`)
    note(patched)
    const two = await call('POST', '/v2/r/blobs/uploads/')
    await call('PATCH', two, chunked.content.subarray(0, 30_000))
    await call('PATCH', two, chunked.content.subarray(30_000))
    await call('PUT', `${two}?digest=${chunked.digest}`)
    note(chunked)
    const child = image({
      layers: [monolithic, patched, chunked].map((blob) => descriptor(blob)),
      annotations: { round: String(round) },
    })
    await manifest(child, 'moving')
    await manifest(child, `round-${round}`)
    await manifest(index([child]), 'index')
    const referrer = image({ subject: descriptor(child, child.mediaType) })
    await manifest(referrer, referrer.digest)
    await manifest(child, `again-${round}`)
  } catch (error) {
    // A connection that broke is what we wait for; an answer that is wrong is not.
    if (error instanceof assert.AssertionError) throw error
  }
  return steps
}

/** Every acknowledged thing is there, whole; every tag that is listed can be pulled with all it names. */
async function checkInvariants(
  url: string,
  recent: readonly Acknowledged[],
  known: ReadonlySet<string>,
  superseded: ReadonlySet<string>,
): Promise<void> {
  const tags = new Map<string, string>()
  for (const { blobs, manifests, tags: ofRound } of recent) {
    for (const { digest, content } of blobs.values()) {
      const get = await http('GET', `${url}/v2/r/blobs/${digest}`)
      assert.equal(get.status, 200, `acknowledged blob ${digest}`)
      assert.ok(get.body.equals(content))
    }
    for (const manifest of manifests.values()) {
      await readImage(url, 'r', manifest.digest)
      await checkReferrer(url, manifest)
    }
    for (const [tag, digest] of ofRound) tags.set(tag, digest)
  }
  const list = await http('GET', `${url}/v2/r/tags/list`)
  const listed = new Set(list.status === 404 ? [] : (list.json() as { tags: string[] }).tags)
  for (const tag of tags.keys()) assert.ok(listed.has(tag), `acknowledged tag ${tag}`)
  for (const tag of listed) {
    if (known.has(tag) && !tags.has(tag)) continue
    const { digest } = await readImage(url, 'r', tag)
    // A tag that moves may have moved once more, to what was pushed but not acknowledged; but never back.
    if (!moving.has(tag)) assert.equal(digest, tags.get(tag) ?? digest)
    else if (digest !== tags.get(tag)) assert.ok(!superseded.has(digest), `${tag} moved back`)
  }
}

const moving: ReadonlySet<string> = new Set(['moving', 'index'])

async function checkReferrer(url: string, { content, digest }: TypedContent): Promise<void> {
  const { subject } = JSON.parse(content.toString()) as { subject?: { digest: string } }
  if (subject === undefined) return
  const answer = await http('GET', `${url}/v2/r/referrers/${subject.digest}`)
  const { manifests } = answer.json() as { manifests: { digest: string }[] }
  assert.ok(
    manifests.some((each) => each.digest === digest),
    'acknowledged referrer',
  )
}

/** Where to die, counted from the beginning of a push, which makes some 57 renames and 80 syncs. */
const moments: readonly (readonly [calls: string, numbers: readonly number[]])[] = [
  [
    'rename',
    [1, 3, 5, 9, 12, 14, 15, 17, 20, 22, 26, 28, 30, 32, 33, 35, 36, 38, 40, 42, 44, 47, 50, 52, 55, 57],
  ],
  ['fsync', [3, 15, 30, 45, 60, 75]],
  ['mkdir', [6]],
  ['unlink,rmdir', [1]],
]

void test('kill -9 at each step of a push', async (t) => {
  if (!requireProgram(t, 'strace') || !requireRoot(t)) return
  const root = temporaryFolder(t).path
  const rounds: Acknowledged[] = []
  const known = new Set<string>()
  let killed = 0

  const round = async (url: string): Promise<void> => {
    const acknowledged: Acknowledged = { blobs: new Map(), manifests: new Map(), tags: new Map() }
    await pushUntilKilled(url, rounds.push(acknowledged), acknowledged)
    for (const tag of acknowledged.tags.keys()) known.add(tag)
  }

  /** What moving tags pointed at before the last round. */
  const superseded = (): ReadonlySet<string> =>
    new Set(rounds.slice(0, -1).flatMap(({ tags }) => [...moving].map((tag) => tags.get(tag) ?? '')))

  for (const [calls, numbers] of moments) {
    for (const number of numbers) {
      await t.test(`${calls} number ${number}`, async () => {
        // One thread for files, so that calls come in one order.
        const registry = await startRegistry({ kind: 'berth', root, env: { UV_THREADPOOL_SIZE: '1' } })
        try {
          await checkInvariants(registry.url, rounds.slice(-1), known, superseded())
          await inject(registry.pid, `${calls}:signal=KILL:when=${number}`)
          await round(registry.url)
          if (!(await isUp(registry.url))) killed++
        } finally {
          await registry.stop('SIGKILL')
        }
      })
    }
  }

  await t.test('in the end all is there that ever was acknowledged', async (sub) => {
    t.diagnostic(`${killed} of ${rounds.length} servers were killed in a push`)
    assert.ok(killed > rounds.length / 2, 'the moments are those of a push')
    const registry = await startRegistry({ kind: 'berth', root }, sub)
    await checkInvariants(registry.url, rounds, new Set(), superseded())
    await round(registry.url)
    assert.equal(rounds.at(-1)?.manifests.size, 3, 'a push that nothing ends goes through')
    await checkInvariants(registry.url, rounds.slice(-1), known, superseded())
  })
})

async function isUp(url: string): Promise<boolean> {
  try {
    return (await http('GET', `${url}/v2/`)).status === 200
  } catch {
    return false
  }
}
