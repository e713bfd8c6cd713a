import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import type { Replica } from '../support/replicas.ts'
import { blobOf, get, manifestOf, pushBlob, putManifest, tagAt, tagsAt, type TestBlob } from './client.ts'
import { staleness } from './sharing.ts'

export interface ModelOptions {
  readonly clients: number
  /** Of each client. */
  readonly operations: number
}

const fewTags = ['one', 'two', 'three', 'four']

/**
 * Clients do what comes to their mind, each request at any replica, all of them at once. Each has a repository of its own, so that it
 * knows what must be there, and all share the blobs, so that they meet in the store. Tags, lists and HEAD of blobs must be right at
 * once, everywhere; what was deleted may still be pulled for as long as the documentation says, and nothing else. In the end all
 * replicas say the same. A failure names the seed: BERTH_SEED runs it again, as far as processes that run at once allow.
 */
export async function testModel(
  t: TestContext,
  replicas: readonly Replica[],
  options: ModelOptions,
): Promise<void> {
  const seed = Number(process.env['BERTH_SEED'] ?? randomInt(2 ** 31))
  await t.test(`clients that do anything anywhere (seed ${seed})`, async () => {
    const bases = replicas.map(({ url }) => url)
    const blobs = Array.from({ length: 6 }, (_, index) => blobOf(`${seed} blob ${index}`))
    const clients = Array.from(
      { length: options.clients },
      (_, index) => new ModelClient(`model/client${index}`, bases, blobs, randomFrom(seed + index)),
    )
    const names = clients.map(({ repository }) => repository)
    await Promise.all(clients.map((client) => client.run(options.operations, names)))
    await delay(staleness)
    for (const base of bases) {
      for (const client of clients) await client.compare(base)
      const catalog = (await get(base, '/v2/_catalog')).json() as { repositories: string[] }
      assert.deepEqual(
        catalog.repositories.filter((name) => name.startsWith('model/')),
        clients.filter(({ isListed }) => isListed).map(({ repository }) => repository),
      )
    }
  })
}

class ModelClient {
  readonly repository: string
  readonly #bases: readonly string[]
  readonly #pool: readonly TestBlob[]
  readonly #random: (below: number) => number
  readonly #blobs = new Map<string, TestBlob>()
  readonly #manifests = new Map<string, TestBlob>()
  readonly #tags = new Map<string, string>()
  /** When something was deleted, in milliseconds. */
  readonly #deleted = new Map<string, number>()

  constructor(
    repository: string,
    bases: readonly string[],
    pool: readonly TestBlob[],
    random: (below: number) => number,
  ) {
    this.repository = repository
    this.#bases = bases
    this.#pool = pool
    this.#random = random
  }

  /** Whether the catalog must have it. */
  get isListed(): boolean {
    return this.#manifests.size > 0
  }

  async run(operations: number, others: readonly string[]): Promise<void> {
    const operation = [
      () => this.#push(),
      () => this.#push(),
      () => this.#mount(others),
      () => this.#putManifest(),
      () => this.#putManifest(),
      () => this.#putManifest(),
      () => this.#deleteTag(),
      () => this.#deleteManifest(),
      () => this.#deleteBlob(),
      () => this.#look(this.#anywhere()),
      () => this.#look(this.#anywhere()),
    ]
    for (let done = 0; done < operations; done++) await this.#one(operation)()
  }

  /** After everybody has been told of every delete. */
  async compare(base: string): Promise<void> {
    const deleted = [...this.#deleted.keys()].filter(
      (digest) => !this.#pool.some((blob) => blob.digest === digest),
    )
    for (const digest of deleted) await this.#lookAtManifest(base, digest)
    for (const tag of fewTags) assert.equal(await tagAt(base, this.repository, tag), this.#tags.get(tag))
    for (const blob of this.#pool) await this.#lookAtBlob(base, blob)
    assert.deepEqual(await tagsAt(base, this.repository), [...this.#tags.keys()].toSorted())
    for (const { digest } of this.#manifests.values()) await this.#lookAtManifest(base, digest)
  }

  async #push(): Promise<void> {
    const blob = this.#one(this.#pool)
    const { status, body } = await pushBlob(this.#bases, this.repository, blob, this.#random(9))
    assert.equal(status, 201, body.toString())
    this.#blobs.set(blob.digest, blob)
  }

  /** Whether the other one has it only that one knows. */
  async #mount(others: readonly string[]): Promise<void> {
    const blob = this.#one(this.#pool)
    const query = `mount=${blob.digest}&from=${this.#one(others)}`
    const url = `${this.#anywhere()}/v2/${this.repository}/blobs/uploads/?${query}`
    const { status } = await http('POST', url, { body: '' })
    if (status === 201) this.#blobs.set(blob.digest, blob)
    else assert.equal(status, 202)
  }

  async #putManifest(): Promise<void> {
    const config = this.#one(this.#pool)
    const layer = this.#one(this.#pool)
    const manifest = manifestOf(config, [layer], `${this.#random(3)}`)
    const tag = this.#one(fewTags)
    const { status } = await putManifest(this.#anywhere(), this.repository, tag, manifest)
    const isWhole = this.#blobs.has(config.digest) && this.#blobs.has(layer.digest)
    assert.equal(status, isWhole ? 201 : 400)
    if (!isWhole) return
    this.#manifests.set(manifest.digest, manifest)
    this.#tags.set(tag, manifest.digest)
  }

  async #deleteTag(): Promise<void> {
    const tag = this.#one(fewTags)
    const status = await this.#delete(`manifests/${tag}`)
    assert.equal(status, this.#tags.delete(tag) ? 202 : 404)
  }

  async #deleteManifest(): Promise<void> {
    if (this.#manifests.size === 0) return
    const digest = this.#one([...this.#manifests.keys()])
    assert.equal(await this.#delete(`manifests/${digest}`), 202)
    this.#manifests.delete(digest)
    this.#deleted.set(digest, Date.now())
    for (const [tag, pointsAt] of this.#tags) if (pointsAt === digest) this.#tags.delete(tag)
  }

  async #deleteBlob(): Promise<void> {
    const { digest } = this.#one(this.#pool)
    const status = await this.#delete(`blobs/${digest}`)
    assert.equal(status, this.#blobs.delete(digest) ? 202 : 404)
    this.#deleted.set(digest, Date.now())
  }

  async #look(base: string): Promise<void> {
    const tag = this.#one(fewTags)
    assert.equal(await tagAt(base, this.repository, tag), this.#tags.get(tag))
    assert.deepEqual(await tagsAt(base, this.repository), [...this.#tags.keys()].toSorted())
    await this.#lookAtBlob(base, this.#one(this.#pool))
    const manifests = [...this.#manifests.keys(), ...this.#deleted.keys()]
    if (manifests.length > 0) await this.#lookAtManifest(base, this.#one(manifests))
  }

  async #lookAtBlob(base: string, { digest, content }: TestBlob): Promise<void> {
    const path = `/v2/${this.repository}/blobs/${digest}`
    const isThere = this.#blobs.has(digest)
    // Before HEAD, by which a replica would learn of the delete.
    const pulled = await get(base, path)
    if (pulled.status === 200) assert.ok(pulled.body.equals(content))
    if (isThere || !this.#mayLinger(digest)) assert.equal(pulled.status, isThere ? 200 : 404)
    assert.equal((await get(base, path, 'HEAD')).status, isThere ? 200 : 404)
  }

  async #lookAtManifest(base: string, digest: string): Promise<void> {
    const { status } = await get(base, `/v2/${this.repository}/manifests/${digest}`)
    const isThere = this.#manifests.has(digest)
    if (isThere || !this.#mayLinger(digest)) assert.equal(status, isThere ? 200 : 404)
  }

  #mayLinger(digest: string): boolean {
    return Date.now() - (this.#deleted.get(digest) ?? 0) < staleness
  }

  async #delete(what: string): Promise<number> {
    return (await http('DELETE', `${this.#anywhere()}/v2/${this.repository}/${what}`)).status
  }

  #anywhere(): string {
    return this.#one(this.#bases)
  }

  #one<T>(values: readonly T[]): T {
    const value = values[this.#random(values.length)]
    if (value === undefined) throw new Error('nothing to choose from')
    return value
  }
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
