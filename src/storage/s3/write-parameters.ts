import type { ObjectCannedACL, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3'
import type { S3Options } from './options.ts'

/** What is said of an object whenever one is made, also by a copy: S3 takes none of it over from the source. */
export interface WriteParameters {
  readonly ServerSideEncryption?: ServerSideEncryption
  readonly SSEKMSKeyId?: string
  readonly StorageClass?: StorageClass
  readonly ACL?: ObjectCannedACL
}

/** As Distribution writes it. */
export const contentType = 'application/octet-stream'

/**
 * Defaults are left out: buckets without ACLs refuse requests that name one, and some stores know no classes.
 */
export function writeParameters({ encryption, storageClass, acl }: S3Options): WriteParameters {
  const isOwnClass = storageClass !== undefined && storageClass !== 'NONE' && storageClass !== 'STANDARD'
  return {
    ...(encryption !== undefined &&
      (encryption.keyId === undefined
        ? { ServerSideEncryption: 'AES256' }
        : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.keyId })),
    ...(isOwnClass && { StorageClass: storageClass as StorageClass }),
    ...(acl !== undefined && acl !== 'private' && { ACL: acl as ObjectCannedACL }),
  }
}
