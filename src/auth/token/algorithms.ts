import type { KeyObject } from 'node:crypto'

/** The signature algorithms that Distribution 3 knows (RFC 7518, 3.1; RFC 8037, 3.1); all of them are its default. */
const knownAlgorithms: readonly string[] = [
  'EdDSA',
  ...['HS', 'RS', 'ES', 'PS'].flatMap((family) => [256, 384, 512].map((bits) => family + bits)),
]

/** Bits. RFC 7518, 3.3 and 3.5, forbid shorter ones. */
const shortestRsa = 2048

/**
 * The algorithms that tokens may be signed with.
 *
 * @param names those of the configuration; none: all that are known
 * @throws Error in one line when one of them is unknown
 */
export function acceptedAlgorithms(names: readonly string[]): ReadonlySet<string> {
  const unknown = names.find((name) => !knownAlgorithms.includes(name))
  if (unknown !== undefined) {
    throw new Error(
      `auth.token.signingalgorithms: ${JSON.stringify(unknown)} is not one of ${knownAlgorithms.join(', ')}`,
    )
  }
  return new Set(names.length === 0 ? knownAlgorithms : names)
}

/**
 * The algorithms that a key is for. A key is never used for another one: whoever could choose that would sign by HMAC with a public
 * key, which is no secret (RFC 8725, 3.1).
 *
 * @returns none when the key is of no use
 */
export function algorithmsOf(key: KeyObject): readonly string[] {
  if (key.type === 'secret') return (key.symmetricKeySize ?? 0) > 0 ? ['HS256', 'HS384', 'HS512'] : []
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength < shortestRsa ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
    case 'ec':
      return ecAlgorithms(namedCurve)
    case 'ed25519':
      return ['EdDSA']
    default:
      return []
  }
}

/** @param curve by OpenSSL's name */
function ecAlgorithms(curve: string | undefined): readonly string[] {
  switch (curve) {
    case 'prime256v1':
      return ['ES256']
    case 'secp384r1':
      return ['ES384']
    case 'secp521r1':
      return ['ES512']
    default:
      return []
  }
}
