import { setImmediate } from 'node:timers/promises'
import { unknownBlob, unknownManifest, unknownRepository, unknownUpload } from '../registry/absent.ts'
import { demand, type Action, type Caller } from '../registry/access.ts'
import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import type { Digest, DigestAlgorithm } from '../registry/digest.ts'
import type { RegistryError } from '../registry/errors.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference, Tag } from '../registry/reference.ts'
import type {
  Blob,
  BlobUse,
  Chunk,
  ManifestUpload,
  MountSources,
  PutResult,
  Registry,
  StoredManifest,
  UploadStatus,
} from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'

/** Entries of the catalog. */
const pauseAfter = 100

/**
 * Asks before each call whether `context.caller` may. What a request as a whole needs was asked when it came (`http/authorization.ts`);
 * here nothing passes that was forgotten there, and here is what depends on more than the path: tags, sources of mounts, lists.
 */
export function guarded(inner: Registry): Registry {
  return new Guarded(inner)
}

/** Written out, not derived: a method that is added to `Registry` does not compile until somebody says what it needs. */
class Guarded implements Registry {
  readonly #inner: Registry

  constructor(inner: Registry) {
    this.#inner = inner
  }

  async openBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Blob> {
    check(context, repository, 'pull', () => unknownBlob(digest))
    return await this.#inner.openBlob(context, repository, digest)
  }

  async statBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    check(context, repository, 'pull', () => unknownBlob(digest))
    return await this.#inner.statBlob(context, repository, digest)
  }

  /** A URL is as good as the blob, for whoever has it. */
  async locateBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    use: BlobUse,
  ): Promise<URL | undefined> {
    check(context, repository, 'pull', () => unknownBlob(digest))
    return await this.#inner.locateBlob(context, repository, digest, use)
  }

  async getManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest> {
    check(context, repository, 'pull', () => unknownManifest(repository, reference))
    return await this.#inner.getManifest(context, repository, reference)
  }

  async startUpload(
    context: Context,
    repository: RepositoryName,
    algorithm?: DigestAlgorithm,
  ): Promise<UploadStatus> {
    check(context, repository, 'push', () => unknownRepository(repository))
    return await this.#inner.startUpload(context, repository, algorithm)
  }

  async uploadStatus(context: Context, repository: RepositoryName, id: UploadId): Promise<UploadStatus> {
    check(context, repository, 'pull', unknownUpload)
    return await this.#inner.uploadStatus(context, repository, id)
  }

  async appendUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    chunk: Chunk,
  ): Promise<UploadStatus> {
    check(context, repository, 'push', unknownUpload)
    return await this.#inner.appendUpload(context, repository, id, chunk)
  }

  async commitUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    digest: Digest,
    tail?: Chunk,
  ): Promise<Descriptor> {
    check(context, repository, 'push', unknownUpload)
    return await this.#inner.commitUpload(context, repository, id, digest, tail)
  }

  async cancelUpload(context: Context, repository: RepositoryName, id: UploadId): Promise<void> {
    check(context, repository, 'push', unknownUpload)
    await this.#inner.cancelUpload(context, repository, id)
  }

  async putBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    source: AsyncIterable<Uint8Array>,
  ): Promise<Descriptor> {
    check(context, repository, 'push', () => unknownRepository(repository))
    return await this.#inner.putBlob(context, repository, digest, source)
  }

  /** A source that the caller may not pull is looked into like one that has not the blob: he learns nothing of it. */
  async mountBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    sources: MountSources,
  ): Promise<Descriptor | undefined> {
    const caller = check(context, repository, 'push', () => unknownRepository(repository))
    return await this.#inner.mountBlob(context, repository, digest, {
      ...sources,
      readable: async (source) =>
        may(caller, source, 'pull') && (sources.readable === undefined || (await sources.readable(source))),
    })
  }

  async putManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult> {
    const absent = (): RegistryError => unknownManifest(repository, reference)
    const caller = check(context, repository, 'push', absent)
    const tags = [...(reference.kind === 'tag' ? [reference.tag] : []), ...(upload.tags ?? [])]
    for (const tag of tags) demand(caller, { kind: 'repository', repository, action: 'push', tag }, absent)
    return await this.#inner.putManifest(context, repository, reference, upload)
  }

  async deleteBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    check(context, repository, 'delete', () => unknownBlob(digest))
    await this.#inner.deleteBlob(context, repository, digest)
  }

  async deleteManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    check(context, repository, 'delete', () => unknownManifest(repository, { kind: 'digest', digest }))
    await this.#inner.deleteManifest(context, repository, digest)
  }

  async deleteTag(context: Context, repository: RepositoryName, tag: Tag): Promise<void> {
    check(context, repository, 'delete', () => unknownManifest(repository, { kind: 'tag', tag }))
    await this.#inner.deleteTag(context, repository, tag)
  }

  /** Empty for whoever may list none: he is not made to wait until all are looked at. */
  async *repositories(context: Context, after?: string): AsyncIterable<RepositoryName> {
    const caller = callerOf(context)
    if (caller.judge({ kind: 'catalog' }) !== 'allowed') return
    let passedOver = 0
    for await (const repository of this.#inner.repositories(context, after)) {
      if (caller.judge({ kind: 'entry', repository }) === 'allowed') yield repository
      // What is in memory comes without a pause, and others want to be served meanwhile.
      else if (++passedOver % pauseAfter === 0) await setImmediate()
    }
  }

  async *tags(context: Context, repository: RepositoryName, after?: string): AsyncIterable<Tag> {
    check(context, repository, 'list', () => unknownRepository(repository))
    yield* this.#inner.tags(context, repository, after)
  }

  /** A repository that is not there has no referrers; neither has one that the caller may not pull. */
  async *referrers(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    after?: string,
  ): AsyncIterable<Descriptor> {
    if (!may(callerOf(context), repository, 'pull')) return
    yield* this.#inner.referrers(context, repository, subject, after)
  }
}

/** @throws Unauthorized, RegistryError */
function check(
  context: Context,
  repository: RepositoryName,
  action: Action,
  absent: () => RegistryError,
): Caller {
  const caller = callerOf(context)
  demand(caller, { kind: 'repository', repository, action }, absent)
  return caller
}

function may(caller: Caller, repository: RepositoryName, action: Action): boolean {
  return caller.judge({ kind: 'repository', repository, action }) === 'allowed'
}

function callerOf({ caller }: Context): Caller {
  if (caller === undefined) throw new Error('a guarded registry is called without a caller')
  return caller
}
