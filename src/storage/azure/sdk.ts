import type * as Identity from '@azure/identity'
import type * as BlobSdk from '@azure/storage-blob'

export type Sdk = typeof BlobSdk
export type IdentitySdk = typeof Identity

/**
 * Loads Azure's SDK: only who stores there pays for it.
 *
 * @throws Error saying what to install when it is absent
 */
export async function loadSdk(): Promise<Sdk> {
  return import('@azure/storage-blob').catch(missing('@azure/storage-blob'))
}

/** @throws Error saying what to install when it is absent */
export async function loadIdentity(): Promise<IdentitySdk> {
  return import('@azure/identity').catch(missing('@azure/identity'))
}

function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`the storage driver azure needs the package ${name}: npm install ${name}`, { cause })
  }
}
