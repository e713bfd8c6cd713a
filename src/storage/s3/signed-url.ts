import { within } from '../../util/within.ts'
import type { UrlUse } from '../driver.ts'
import { loadPresigner } from './sdk.ts'
import type { Store } from './store.ts'

/** Milliseconds. Signing itself takes none; to get credentials may. */
const credentialsWithin = 15_000

/**
 * A URL with which whoever has it reads an object, for a time. It is made here, without asking the store.
 *
 * @param host scheme and host that it gets instead of the store's; what answers there must hand on the store's own name
 * @throws Error when there are no credentials
 */
export async function signedUrl(
  { sdk, requests, bucket }: Store,
  key: string,
  { method, expires }: UrlUse,
  host: string | undefined,
): Promise<URL> {
  const { getSignedUrl } = await loadPresigner()
  const target = { Bucket: bucket, Key: key }
  // By the store's clock: with ours fifteen minutes off it would be refused.
  const settings = { expiresIn: expires, signingDate: new Date(Date.now() + requests.clockOffset) }
  const { client } = requests
  const signed =
    method === 'HEAD'
      ? getSignedUrl(client, new sdk.HeadObjectCommand(target), settings)
      : getSignedUrl(client, new sdk.GetObjectCommand(target), settings)
  const url = new URL(await within(credentialsWithin, signed, () => new Error('no credentials came')))
  if (host === undefined) return url
  const other = new URL(host)
  url.protocol = other.protocol
  url.host = other.host
  if (other.port === '') url.port = ''
  return url
}
