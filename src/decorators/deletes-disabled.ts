import { RegistryError } from '../registry/errors.ts'
import { ForwardingRegistry } from '../registry/forwarding.ts'
import type { Registry } from '../registry/registry.ts'

/** Refuses to delete blobs, manifests and tags, as Distribution does unless `storage.delete.enabled` is true. */
export function withDeletesDisabled(inner: Registry): Registry {
  return new DeletesDisabled(inner, inner, inner, inner)
}

class DeletesDisabled extends ForwardingRegistry {
  override deleteBlob(): Promise<void> {
    return refuse()
  }

  override deleteManifest(): Promise<void> {
    return refuse()
  }

  override deleteTag(): Promise<void> {
    return refuse()
  }
}

async function refuse(): Promise<never> {
  throw new RegistryError('UNSUPPORTED', { detail: 'deleting is not enabled (storage.delete.enabled)' })
}
