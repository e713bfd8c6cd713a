import { createECDH, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'

/** A P-256 pair, for ES256 (RFC 7518, 3.4). */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Bytes of a P-256 scalar. */
const scalarSize = 32

/** The order of P-256's base point (SEC 2, 2.4.2). A private key is from 1 to one less. */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

/** Says what the key is for, so that the secret's other uses never meet it. Another text is another key: it never changes. */
const label = 'berth token signing key, ES256, version 1'

/**
 * The key that a secret stands for, the same in every process that has it.
 *
 * HKDF-SHA256 (RFC 5869) without salt; `info` is the label, a zero byte and the number of the try, one byte. The first result that is
 * a private key of P-256 counts (FIPS 186-5, A.2.2: of all that are tried, each is as likely).
 */
export function deriveKey(secret: string): SigningKey {
  const scalar = firstScalar((attempt) => {
    const info = Buffer.concat([Buffer.from(label), Buffer.from([0, attempt])])
    return Buffer.from(hkdfSync('sha256', secret, '', info, scalarSize))
  })
  return pairOf(scalar)
}

/** The first candidate that is a private key of P-256. One in 2^32 is none. */
export function firstScalar(candidate: (attempt: number) => Buffer): Buffer {
  for (let attempt = 0; attempt < 256; attempt++) {
    const scalar = candidate(attempt)
    if (scalar.compare(Buffer.alloc(scalarSize)) > 0 && scalar.compare(order) < 0) return scalar
  }
  throw new Error('no private key can be derived')
}

function pairOf(scalar: Buffer): SigningKey {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(scalar)
  // 0x04, x, y (SEC 1, 2.3.3).
  const point = curve.getPublicKey()
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 1 + scalarSize).toString('base64url'),
      y: point.subarray(1 + scalarSize).toString('base64url'),
      d: scalar.toString('base64url'),
    },
  })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}
