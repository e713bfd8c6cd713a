import type * as Signer from '@aws-sdk/cloudfront-signer'
import type { StorageDriver } from '../driver.ts'
import type { ClientRanges } from './client-ranges.ts'
import { readPrivateKey } from './key-file.ts'
import { completeBase, objectUrl } from './object-url.ts'
import { withUrl } from './with-url.ts'

export interface CloudFrontOptions {
  readonly baseUrl: string
  /** A file in PEM. */
  readonly privateKey: string
  readonly keyPairId: string
  /** Seconds for which a URL is good. */
  readonly lifetime: number
  /** Clients with an address among these go to S3 itself. */
  readonly direct?: ClientRanges | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/**
 * Sends clients to CloudFront, by URLs with a signature and an end: a "canned policy"
 * (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html).
 *
 * @param inner stores on S3
 * @throws Error in a few words, when the key cannot be used or the signer is not installed
 */
export async function cloudFront(inner: StorageDriver, options: CloudFrontOptions): Promise<StorageDriver> {
  const { keyPairId, lifetime, direct, now = Date.now } = options
  const base = completeBase(options.baseUrl)
  const { getSignedUrl } = await loadSigner()
  const privateKey = await readPrivateKey(options.privateKey)
  const sign = (url: string): string => {
    const dateLessThan = new Date(now() + lifetime * 1000)
    return getSignedUrl({ url, keyPairId, privateKey, dateLessThan })
  }
  // Some systems forbid SHA-1: better known now than by the first pull.
  sign(base)
  direct?.start()
  return withUrl(
    inner,
    async (path, use) => {
      if (use.client !== undefined && direct?.has(use.client) === true)
        return await inner.signedUrl?.(path, use)
      return new URL(sign(objectUrl(inner, base, path)))
    },
    () => direct?.stop(),
  )
}

async function loadSigner(): Promise<typeof Signer> {
  const name = '@aws-sdk/cloudfront-signer'
  return import('@aws-sdk/cloudfront-signer').catch((cause: unknown) => {
    throw new Error(`needs the package ${name}: npm install ${name}`, { cause })
  })
}
