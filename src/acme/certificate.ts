import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { parseCertificates, parseKey } from '../tls/parse.ts'
import type { HostName } from './host-name.ts'

/** A certificate of a host and its key, which belong together. */
export interface Certificate {
  /** PEM. Secret. */
  readonly key: string
  /** PEM: the host's own certificate, then the intermediates. */
  readonly chain: string
  /** Milliseconds since 1970. */
  readonly begins: number
  /** Milliseconds since 1970. */
  readonly expires: number
}

/**
 * Reads what `toPem` and Go's autocert write: a key, then a chain.
 *
 * @throws Error in one line, which holds nothing of the key: it is damaged, of another host, or of another
 *   type of key
 */
export function parseCertificate(pem: string, host: HostName): Certificate {
  const content = Buffer.from(pem)
  const { key, pem: keyPem } = parseKey(content)
  const chain = parseCertificates(content)
  const [leaf] = chain
  // Node shows the certificate of another host to clients that like its type of key more.
  if (key.asymmetricKeyType !== 'ec') throw new Error('the key is not of type EC')
  if (!leaf.checkPrivateKey(key)) throw new Error('key and certificate do not belong together')
  if (leaf.checkHost(host) === undefined) throw new Error(`the certificate is not for ${host}`)
  return {
    key: `${keyPem}\n`,
    chain: chain.map(String).join(''),
    begins: Date.parse(leaf.validFrom),
    expires: Date.parse(leaf.validTo),
  }
}

/** As Go's autocert wants it: not a byte beside key and chain. */
export function toPem({ key, chain }: Pick<Certificate, 'key' | 'chain'>): string {
  return key + chain
}

/** A private key of P-256. */
export async function generateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return privateKey
}

/** @returns PEM, SEC 1, as Go's autocert writes it */
export function keyToPem(key: KeyObject): string {
  return key.export({ type: 'sec1', format: 'pem' }).toString()
}
