import type { Storage } from '@google-cloud/storage'
import type { GcsKey } from './options.ts'

/** Google's way to credentials: key files, the machine's identity, external accounts. */
export type GoogleAuth = Storage['authClient']

/**
 * Loads Google's SDK, of which the driver uses the credentials alone. Its uploads keep what they sent in a stream's buffers and its
 * calls buffer and try again by rules of their own, without a deadline for silence: memory could not be bounded, nor an answer
 * that was lost be told from a condition that failed.
 *
 * @param credentials undefined: those that the environment or the machine has
 * @throws Error saying what to install when it is absent
 */
export async function loadAuth(credentials: GcsKey | undefined): Promise<GoogleAuth> {
  const sdk = await import('@google-cloud/storage').catch(missing)
  const { authClient } = new sdk.Storage({
    // Nothing here needs the project, and looking for it would run a program and ask the machine.
    projectId: 'none',
    ...(credentials !== undefined && { credentials }),
  })
  // Saves a request, and works where Google's token server is out of reach: https://google.aip.dev/auth/4111
  authClient.useJWTAccessWithScope = true
  return authClient
}

function missing(cause: unknown): never {
  throw new Error(
    'the storage driver gcs needs the package @google-cloud/storage: npm install @google-cloud/storage',
    { cause },
  )
}
