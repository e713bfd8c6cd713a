import { unavailable } from '../failure.ts'
import type { Fields } from './errors.ts'

/** What the store says of an object: https://cloud.google.com/storage/docs/json_api/v1/objects */
export interface Resource {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly modified: Date
  /** Another one with each write. */
  readonly generation: string
  readonly contentType: string
  readonly metadata: Fields
}

/** As Distribution writes it. */
export const contentType = 'application/octet-stream'

/** Distribution's uploads in progress; objects of this type count as none, there as here. */
export const sessionType = 'application/x-docker-upload-session'

/** The fields that are read, for requests that may choose. */
export const resourceFields = 'name,size,updated,generation,contentType,metadata'

/** @throws RegistryError STORAGE_UNAVAILABLE when it is none */
export function resourceOf(fields: Fields): Resource {
  const { name, generation, contentType: type, metadata, updated } = fields
  // Numbers of 64 bits are texts in Google's JSON.
  const size = Number(fields['size'])
  if (typeof name !== 'string' || !Number.isSafeInteger(size) || size < 0)
    throw unavailable('the store describes an object without name or size')
  return {
    name,
    size,
    modified: new Date(typeof updated === 'string' ? Date.parse(updated) : 0),
    generation: String(generation),
    contentType: typeof type === 'string' ? type : '',
    metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Fields) : {},
  }
}
