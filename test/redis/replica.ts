import type { RedisCache } from '../../src/cache/redis-cache.ts'
import type { RedisOptions } from '../../src/cache/redis-options.ts'
import type { Context } from '../../src/registry/context.ts'
import { digestOf, type Digest } from '../../src/registry/digest.ts'
import { RegistryError } from '../../src/registry/errors.ts'
import type { Registry } from '../../src/registry/registry.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import { createStoredRegistries } from '../../src/stored/stored-registry.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { openCache, repository } from './shared.ts'

/** What a replica says of a thing. */
export type Answer = 'unknown' | Buffer

/** A registry as one process has it, with its own memory and its own way to Redis. */
export class Replica {
  readonly cache: RedisCache
  readonly #registry: Registry
  readonly #context: Context = {
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  }

  private constructor(driver: StorageDriver, cache: RedisCache) {
    this.cache = cache
    this.#registry = createStoredRegistries(driver, undefined, undefined, cache).writable
  }

  static async start(test: Cleaner, driver: StorageDriver, redis: RedisOptions): Promise<Replica> {
    const { cache } = await openCache(test, redis)
    return new Replica(driver, cache)
  }

  async pushBlob(content: Buffer): Promise<Digest> {
    const digest = digestOf(content)
    await this.#registry.putBlob(this.#context, repository, digest, inOne(content))
    return digest
  }

  async pushManifest(content: Buffer): Promise<Digest> {
    const upload = { content, mediaType: 'application/vnd.oci.image.manifest.v1+json', tags: [] }
    const reference = { kind: 'digest', digest: digestOf(content) } as const
    await this.#registry.putManifest(this.#context, repository, reference, upload)
    return reference.digest
  }

  async blob(digest: Digest): Promise<Answer> {
    return await orUnknown(async () => {
      const blob = await this.#registry.openBlob(this.#context, repository, digest)
      const chunks: Buffer[] = []
      for await (const chunk of await blob.read()) chunks.push(Buffer.from(chunk))
      const bytes = Buffer.concat(chunks)
      if (bytes.length !== blob.descriptor.size)
        throw new Error(`${blob.descriptor.size} bytes were promised`)
      return bytes
    })
  }

  async manifest(digest: Digest): Promise<Answer> {
    return await orUnknown(async () => {
      const reference = { kind: 'digest', digest } as const
      return Buffer.from((await this.#registry.getManifest(this.#context, repository, reference)).content)
    })
  }

  async deleteBlob(digest: Digest): Promise<void> {
    await this.#registry.deleteBlob(this.#context, repository, digest)
  }

  async deleteManifest(digest: Digest): Promise<void> {
    await this.#registry.deleteManifest(this.#context, repository, digest)
  }
}

async function orUnknown(read: () => Promise<Buffer>): Promise<Answer> {
  try {
    return await read()
  } catch (error) {
    const codes: readonly unknown[] = ['BLOB_UNKNOWN', 'MANIFEST_UNKNOWN']
    if (error instanceof RegistryError && codes.includes(error.code)) return 'unknown'
    throw error
  }
}

async function* inOne(content: Buffer): AsyncIterable<Uint8Array> {
  yield content
}
