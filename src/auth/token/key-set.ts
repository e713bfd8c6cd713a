import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { parseStrictJson } from '../../registry/strict-json.ts'
import { isObject, type JsonObject } from './json.ts'

/** A key of a JSON Web Key Set. */
export interface PublishedKey {
  readonly key: KeyObject
  /** Its `kid`. */
  readonly id?: string
}

const knownTypes: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP', 'oct'])

/**
 * The keys of a JSON Web Key Set (RFC 7517, 5), public or secret; of a private key the public half is taken. Keys for encryption,
 * and of kinds that nobody knows, are passed over.
 *
 * @throws Error in one line, to stand behind the file's name. Nothing of a key is in it.
 */
export function parseKeySet(content: Buffer): readonly PublishedKey[] {
  let set: unknown
  try {
    set = parseStrictJson(content)
  } catch {
    throw new Error('it is not JSON, or says something twice')
  }
  if (!isObject(set) || !Array.isArray(set['keys'])) {
    throw new Error('it is no JSON Web Key Set: {"keys": […]} is needed')
  }
  return set['keys'].flatMap((entry: unknown, index) => {
    const refuse = (why: string): Error => new Error(`key ${index + 1} in it ${why}`)
    if (!isObject(entry)) throw refuse('is no object')
    if (!knownTypes.has(entry['kty']) || entry['use'] === 'enc') return []
    const { kid } = entry
    if (kid !== undefined && typeof kid !== 'string') throw refuse('has a kid that is no text')
    let key: KeyObject
    try {
      key = keyOf(entry)
    } catch {
      throw refuse('is damaged, or of a kind that is not supported')
    }
    return kid === undefined || kid === '' ? { key } : { key, id: kid }
  })
}

function keyOf(jwk: JsonObject): KeyObject {
  const { kty, k } = jwk
  if (kty !== 'oct') return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  if (typeof k !== 'string' || !/^[\w-]+$/.test(k)) throw new Error('no key')
  return createSecretKey(Buffer.from(k, 'base64url'))
}
