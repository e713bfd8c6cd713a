import type { Context } from '../registry/context.ts'
import { ForwardingRegistry } from '../registry/forwarding.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference, Tag } from '../registry/reference.ts'
import type { ManifestUpload, PutResult, Registry, RegistryDecorator } from '../registry/registry.ts'

/**
 * Says of some tags that they keep the manifest they have (`access.immutable`). Only the store can hold to it when two push in
 * the same moment, so that this marks the push and refuses nothing. Whoever may delete such a tag may push it anew.
 *
 * @param match whether a repository's tag is immutable
 */
export function immutableTags(match: (repository: RepositoryName, tag: Tag) => boolean): RegistryDecorator {
  return (inner) => new ImmutableTags(inner, match)
}

class ImmutableTags extends ForwardingRegistry {
  readonly #match: (repository: RepositoryName, tag: Tag) => boolean

  constructor(inner: Registry, match: (repository: RepositoryName, tag: Tag) => boolean) {
    super(inner, inner, inner, inner)
    this.#match = match
  }

  override putManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult> {
    const isImmutable = (tag: Tag): boolean =>
      this.#match(repository, tag) || upload.isImmutable?.(tag) === true
    return super.putManifest(context, repository, reference, { ...upload, isImmutable })
  }
}
