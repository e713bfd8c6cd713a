import type { Store } from './store.ts'

/**
 * A URL with which whoever has it reads a blob, by GET or HEAD, until it ends.
 *
 * @param expires seconds
 * @throws AzureFailure when the store gives no key to sign with, which only happens without an account key
 */
export async function signedUrl(
  { client, requests, access }: Store,
  key: string,
  expires: number,
): Promise<URL> {
  const url = new URL(client.getBlobClient(key).url)
  // By the store's clock: with ours off it would end too soon.
  const until = new Date(Date.now() + requests.clockOffset + expires * 1000)
  const grant = { container: client.containerName, blob: key, until, overTls: url.protocol === 'https:' }
  url.search = (await access.sign(grant)).toString()
  return url
}
