import { createHmac } from 'node:crypto'
import type { StorageDriver } from '../driver.ts'
import type { ClientRanges } from './client-ranges.ts'
import { readSharedKey } from './key-file.ts'
import { completeBase, objectUrl } from './object-url.ts'
import { withUrl } from './with-url.ts'

export interface GoogleCdnOptions {
  readonly baseUrl: string
  /** A file with 128 bits in base64url. */
  readonly privateKey: string
  readonly keyName: string
  /** Seconds for which a URL is good. */
  readonly lifetime: number
  /** Clients with an address among these go to the bucket itself. */
  readonly direct?: ClientRanges | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/**
 * Sends clients to Google's Cloud CDN, by URLs with a signature and an end.
 *
 * @param inner stores on Google Cloud Storage
 * @throws Error in a few words, when the key cannot be used
 */
export async function googleCdn(inner: StorageDriver, options: GoogleCdnOptions): Promise<StorageDriver> {
  const { keyName, lifetime, direct, now = Date.now } = options
  const base = completeBase(options.baseUrl)
  const key = await readSharedKey(options.privateKey)
  direct?.start()
  return withUrl(
    inner,
    async (path, use) => {
      if (use.client !== undefined && direct?.has(use.client) === true)
        return await inner.signedUrl?.(path, use)
      const expires = Math.floor(now() / 1000) + lifetime
      return new URL(signGoogleUrl(objectUrl(inner, base, path), keyName, key, expires))
    },
    () => direct?.stop(),
  )
}

/**
 * Signs a URL as https://cloud.google.com/cdn/docs/using-signed-urls describes it: HMAC-SHA1 of all that stands before the signature.
 *
 * @param expires seconds since 1970
 */
export function signGoogleUrl(url: string, keyName: string, key: Buffer, expires: number): string {
  const unsigned = `${url}${url.includes('?') ? '&' : '?'}Expires=${expires}&KeyName=${encodeURIComponent(keyName)}`
  // Base64url, but with the padding.
  const signature = createHmac('sha1', key).update(unsigned).digest('base64')
  return `${unsigned}&Signature=${signature.replaceAll('+', '-').replaceAll('/', '_')}`
}
