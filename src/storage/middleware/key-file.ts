import { createPrivateKey, type KeyObject } from 'node:crypto'
import { fileProblem } from '../../util/file-problem.ts'
import { readSmallFile } from '../../util/small-file.ts'

/** Bytes. No key is as large. */
const mostBytes = 64 * 1024

/**
 * Reads what CloudFront's URLs are signed with: a key of RSA, or one of the curve P-256, in PEM
 * (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html).
 *
 * @returns the PEM
 * @throws Error in a few words
 */
export async function readPrivateKey(file: string): Promise<string> {
  const text = (await readKeyFile(file)).toString('latin1')
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw wrong(file, 'no private key in PEM')
  if (text.includes('ENCRYPTED')) throw wrong(file, 'the key is encrypted; remove its passphrase')
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch (error) {
    // OpenSSL's own words help nobody.
    throw wrong(file, 'the key is damaged, or of a kind that is not known', error)
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type !== 'rsa' && !(type === 'ec' && details?.namedCurve === 'prime256v1'))
    throw wrong(file, 'CloudFront takes keys of RSA and of the curve P-256 alone')
  return text
}

/**
 * Reads what the URLs of Google's CDN are signed with: 128 bits in base64url
 * (https://cloud.google.com/cdn/docs/using-signed-urls).
 *
 * @throws Error in a few words
 */
export async function readSharedKey(file: string): Promise<Buffer> {
  const text = (await readKeyFile(file)).toString('latin1').trim()
  const key = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64url') : undefined
  if (key?.length !== 16) throw wrong(file, 'not 16 bytes in base64url, as Google has its keys')
  return key
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readSmallFile(file, mostBytes)
  } catch (error) {
    throw wrong(file, fileProblem(error), error)
  }
}

/** Named as the option is. */
function wrong(file: string, problem: string, cause?: unknown): Error {
  return new Error(`privatekey ${file}: ${problem}`, { cause })
}
