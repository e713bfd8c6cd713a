import { createHash, type KeyObject } from 'node:crypto'

/** Bytes of the hash that libtrust keeps. */
const libtrustLength = 30

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The names by which a token may call a public key that has none of its own. */
export async function idsOf(key: KeyObject): Promise<readonly string[]> {
  return [libtrustId(key), ...(await thumbprints(key))]
}

/**
 * The id that Distribution 2 knows a key by: the start of the SHA-256 of its SubjectPublicKeyInfo, in base32 (RFC 4648) in twelve
 * groups: `PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6`
 */
export function libtrustId(key: KeyObject): string {
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
  const bits = Array.from(hash.subarray(0, libtrustLength), (byte) => byte.toString(2).padStart(8, '0')).join(
    '',
  )
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => base32[Number.parseInt(five, 2)] ?? '').join('')
  return (letters.match(/.{4}/g) ?? []).join(':')
}

/**
 * The ids that Distribution 3 knows a key by (RFC 7638). It leaves out leading zeros of a point's coordinates, against RFC 7518,
 * 6.2.1.2, which changes the id of three keys in four on P-521, and of one in a hundred on others: both count.
 */
async function thumbprints(key: KeyObject): Promise<readonly string[]> {
  const { calculateJwkThumbprint } = await import('jose')
  const jwk = key.export({ format: 'jwk' })
  switch (jwk.kty) {
    case 'EC':
      return await Promise.all(
        [jwk, { ...jwk, x: withoutZeros(jwk.x), y: withoutZeros(jwk.y) }].map((form) =>
          calculateJwkThumbprint(form),
        ),
      )
    case 'RSA':
    case 'OKP':
      return [await calculateJwkThumbprint(jwk)]
    default:
      return []
  }
}

function withoutZeros(encoded = ''): string {
  const bytes = Buffer.from(encoded, 'base64url')
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString('base64url')
}
