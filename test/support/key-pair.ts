import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const encodings = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  // Without a cipher, which the types want to be told.
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: undefined, passphrase: undefined },
} as const

/**
 * Makes keys by way of PEM. Node 20 waits for itself for ever when the garbage collector lets go of the making of a key while
 * the same key is exported as JWK: both want its lock. Such a key has no making.
 *
 * @param kind `ed25519`, the bits of an RSA key, or the curve of an elliptic one
 */
export function makeKeyPair(kind: 'ed25519' | number | 'P-256' | 'P-384' | 'P-521'): KeyPair {
  const pem = makePem(kind)
  return { privateKey: createPrivateKey(pem.privateKey), publicKey: createPublicKey(pem.publicKey) }
}

function makePem(kind: Parameters<typeof makeKeyPair>[0]): { privateKey: string; publicKey: string } {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519', encodings)
  if (typeof kind === 'number') return generateKeyPairSync('rsa', { modulusLength: kind, ...encodings })
  return generateKeyPairSync('ec', { namedCurve: kind, ...encodings })
}
