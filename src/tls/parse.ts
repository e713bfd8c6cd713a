import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { describeContent, isEncrypted, isPrivateKey, pemBlocks } from './pem.ts'

/**
 * @returns all certificates of a PEM file in their order, at least one; other blocks are not looked at, as Go does
 * @throws Error in one line, to stand behind the file's name
 */
export function parseCertificates(content: Buffer): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pemBlocks(content)
  const [first, ...others] = blocks
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ text }, index) => {
      try {
        return new X509Certificate(text)
      } catch {
        throw new Error(`certificate ${index + 1} in it is damaged`)
      }
    })
  if (first !== undefined) return [first, ...others]
  const swapped = blocks.some(isPrivateKey) ? '; are certificate and key swapped?' : ''
  throw new Error(`no certificate in it: ${describeContent(content)}${swapped}`)
}

export interface ParsedKey {
  readonly pem: string
  readonly key: KeyObject
}

/**
 * @returns the first private key of a PEM file, of any form that Go takes; it may hold certificates, or parameters of the key, too
 * @throws Error in one line, to stand behind the file's name. Nothing of the key is in it.
 */
export function parseKey(content: Buffer): ParsedKey {
  const blocks = pemBlocks(content)
  const block = blocks.find(isPrivateKey)
  if (block === undefined) {
    const swapped = blocks.some(({ label }) => label === 'CERTIFICATE')
      ? '; are certificate and key swapped?'
      : ''
    throw new Error(`no private key in it: ${describeContent(content)}${swapped}`)
  }
  if (isEncrypted(block))
    throw new Error('the key is encrypted, and there is no place for its passphrase; store it without one')
  try {
    return { pem: block.text, key: createPrivateKey(block.text) }
  } catch {
    throw new Error('the private key in it is damaged, or of an unknown kind')
  }
}
