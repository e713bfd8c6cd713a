import type { Digest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { RepositoryName } from './name.ts'
import type { Reference } from './reference.ts'

// What is said of something that is not there: the same when it is not there, and when its caller may not know of it.

export function unknownRepository(name: RepositoryName): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { detail: { name } })
}

export function unknownManifest(repository: RepositoryName, reference: Reference): RegistryError {
  const detail =
    reference.kind === 'tag'
      ? `unknown tag=${reference.tag}`
      : `unknown manifest name=${repository} revision=${reference.digest}`
  return new RegistryError('MANIFEST_UNKNOWN', { detail })
}

export function unknownBlob(digest: Digest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', { detail: digest })
}

export function unknownUpload(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN')
}
