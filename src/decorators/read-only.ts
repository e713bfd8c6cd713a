import { RegistryError } from '../registry/errors.ts'
import { ForwardingRegistry } from '../registry/forwarding.ts'
import type { Registry } from '../registry/registry.ts'

/** Refuses everything that writes (`storage.maintenance.readonly`). The state of an upload can still be asked for. */
export function readOnly(inner: Registry): Registry {
  return new ReadOnly(inner, inner, inner, inner)
}

class ReadOnly extends ForwardingRegistry {
  override startUpload(): Promise<never> {
    return refuse()
  }

  override appendUpload(): Promise<never> {
    return refuse()
  }

  override commitUpload(): Promise<never> {
    return refuse()
  }

  override cancelUpload(): Promise<never> {
    return refuse()
  }

  override putBlob(): Promise<never> {
    return refuse()
  }

  override mountBlob(): Promise<never> {
    return refuse()
  }

  override putManifest(): Promise<never> {
    return refuse()
  }

  override deleteBlob(): Promise<never> {
    return refuse()
  }

  override deleteManifest(): Promise<never> {
    return refuse()
  }

  override deleteTag(): Promise<never> {
    return refuse()
  }
}

async function refuse(): Promise<never> {
  throw new RegistryError('UNSUPPORTED', {
    detail: 'this registry is read-only (storage.maintenance.readonly)',
  })
}
