import { randomUUID } from 'node:crypto'
import { RegistryError } from './errors.ts'

declare const parsed: unique symbol

/** The identity of an upload, a version 4 UUID in lower case. Unguessable: who knows it may go on with the upload. */
export type UploadId = string & { readonly [parsed]: true }

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function newUploadId(): UploadId {
  return randomUUID() as UploadId
}

export function isUploadId(text: string): text is UploadId {
  return pattern.test(text)
}

/**
 * Parses an upload id.
 *
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN: an id that this registry cannot have given names no upload
 */
export function parseUploadId(text: string): UploadId {
  if (isUploadId(text)) return text
  throw new RegistryError('BLOB_UPLOAD_UNKNOWN')
}
