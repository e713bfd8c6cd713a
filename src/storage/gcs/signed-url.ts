import { createHash } from 'node:crypto'
import type { UrlUse } from '../driver.ts'
import type { Signer } from './credentials.ts'
import type { Store } from './store.ts'

const algorithm = 'GOOG4-RSA-SHA256'
/** Seconds; Google signs for no longer. */
const longest = 7 * 24 * 3_600

/**
 * A URL with which whoever has it reads an object, for a time. With a key it is made here; who has none, such as a machine's identity, has
 * IAM sign it, by one request. Undefined when nobody can: an emulator without keys, a person's login.
 * https://cloud.google.com/storage/docs/authentication/canonical-requests
 *
 * @throws GcsFailure
 */
export async function signedUrl(
  store: Store,
  key: string,
  { method, expires }: UrlUse,
): Promise<URL | undefined> {
  const { requests, endpoint, bucket } = store
  const signer = await requests.send('FindSigner', key, ({ signal }) => requests.credentials.signer(signal))
  if (signer === undefined) return undefined
  // By the store's clock: with ours a quarter of an hour off it would be refused.
  const now = new Date(Date.now() + requests.clockOffset)
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`
  const path = `/${escaped(bucket)}/${key.split('/').map(escaped).join('/')}`
  // Sorted by name, as the signature wants them.
  const query = Object.entries({
    'X-Goog-Algorithm': algorithm,
    'X-Goog-Credential': `${signer.email}/${scope}`,
    'X-Goog-Date': time,
    'X-Goog-Expires': String(Math.min(Math.max(Math.round(expires), 1), longest)),
    'X-Goog-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join('&')
  const canonical = [method, path, query, `host:${endpoint.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const hash = createHash('sha256').update(canonical).digest('hex')
  const signature = await sign(store, key, signer, [algorithm, time, scope, hash].join('\n'))
  return new URL(`${endpoint.origin}${path}?${query}&X-Goog-Signature=${signature.toString('hex')}`)
}

/** https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob */
async function sign(store: Store, key: string, signer: Signer, text: string): Promise<Buffer> {
  if (signer.sign !== undefined) return signer.sign(text)
  const { requests, iamEndpoint } = store
  const body = Buffer.from(JSON.stringify({ payload: Buffer.from(text).toString('base64') }))
  const account = encodeURIComponent(signer.email)
  const url = new URL(`${iamEndpoint}/v1/projects/-/serviceAccounts/${account}:signBlob`)
  const { content } = await requests.send('SignBlob', key, ({ ask }) =>
    ask({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/json; charset=UTF-8' },
      body: [body],
      length: body.length,
    }),
  )
  if (typeof content['signedBlob'] !== 'string') throw new Error('IAM signs and does not give the signature')
  return Buffer.from(content['signedBlob'], 'base64')
}

/** Of RFC 3986, also where JavaScript's own is of an older one. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
