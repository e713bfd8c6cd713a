import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { fileProblem } from '../../util/file-problem.ts'
import { readSmallFile } from '../../util/small-file.ts'
import type { SigningKey } from './signing-key.ts'

/** Bytes: many times what a P-256 key takes. */
const largest = 64 * 1024

/**
 * Reads a P-256 private key (PEM: PKCS #8 or SEC 1).
 *
 * @throws Error of one line that names `access.token.key` and the file
 */
export async function readKey(path: string): Promise<SigningKey> {
  const fail = (what: string, cause?: unknown): never => {
    throw new Error(`access.token.key: ${path}: ${what}`, { cause })
  }
  const pem = await readSmallFile(path, largest).catch((error: unknown) => fail(fileProblem(error), error))
  const privateKey = parse(pem) ?? fail('no private key in PEM, or an encrypted one; allowed: a P-256 key')
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = privateKey
    fail(`the key is of the kind ${details?.namedCurve ?? type}; allowed: P-256 (prime256v1)`)
  }
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

function parse(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // OpenSSL's reasons name its own functions.
    return undefined
  }
}
