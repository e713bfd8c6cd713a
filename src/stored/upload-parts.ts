import type { StoragePath } from '../storage/driver.ts'
import { uploadEntry } from './paths.ts'
import type { Upload } from './uploads.ts'

/** The name of the object with the bytes of a segment. */
export function partEntry(part: string): `part-${string}` {
  return `part-${part}`
}

/** Where the bytes of a segment lie. */
export function partPath({ repository, id }: Pick<Upload, 'repository' | 'id'>, part: string): StoragePath {
  return uploadEntry(repository, id, partEntry(part))
}
