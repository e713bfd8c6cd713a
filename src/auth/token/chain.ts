import type { KeyObject } from 'node:crypto'
import { parseCertificate, type Certificate } from './certificate.ts'
import { invalidToken } from './invalid-token.ts'

/** More certificates than anybody has in a row. */
const longestChain = 10

/** A key that somebody trusted vouches for. */
export interface VouchedKey {
  readonly key: KeyObject
  /** Milliseconds since 1970: until when. */
  readonly validTo: number
}

/** A certificate by which others may be signed. */
interface Authority {
  readonly certificate: Certificate
  /** How many more certificates may lie between it and the last of the chain. */
  readonly room: number
  readonly constrainsNames: boolean
  /** When it, or one above it, expires. */
  readonly validTo: number
}

/**
 * Checks a chain of certificates (RFC 7515, 4.1.6): the first must be trusted itself, or be signed by one that is, or through
 * others of the chain, which may be in any order. Trust is followed from the top down, so that no signature is ever
 * checked by a key of unknown origin, which could be made to take long.
 *
 * @param encoded DER in base64
 * @param trusted those at the top; they need not be self-signed
 * @param now milliseconds since 1970
 * @returns the key of the first
 * @throws Unauthorized
 */
export function verifyChain(
  encoded: readonly string[],
  trusted: readonly Certificate[],
  now: number,
): VouchedKey {
  if (encoded.length > longestChain) throw invalidToken('the chain of certificates is too long')
  const [leaf, ...others] = encoded.map(decode)
  if (leaf?.key === undefined) throw invalidToken('the certificate has no key that can be used')
  if (leaf.hasUnknownDemands) throw invalidToken('the certificate has demands that are not understood')
  if (!isCurrent(leaf, now)) throw invalidToken('the certificate is expired or not yet valid')
  if (isAmong(leaf, trusted)) return { key: leaf.key, validTo: leaf.validTo }

  let level = trustedAuthorities(trusted, now)
  let pending = others.filter((certificate) => certificate.mayIssue && isUsable(certificate, now))
  while (level.length > 0) {
    const issuer = issuerOf(leaf, level)
    if (issuer !== undefined) return { key: leaf.key, validTo: Math.min(leaf.validTo, issuer.validTo) }
    const next = authoritiesBelow(level, pending)
    pending = pending.filter((candidate) => next.every(({ certificate }) => certificate !== candidate))
    level = next
  }
  throw invalidToken('the certificate is not signed by one that is trusted')
}

function decode(text: string): Certificate {
  const base64 = text.replaceAll(/[\r\n]/g, '')
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw invalidToken('a certificate is not in base64')
  }
  try {
    return parseCertificate(Buffer.from(base64, 'base64'))
  } catch {
    throw invalidToken('a certificate is damaged')
  }
}

function trustedAuthorities(trusted: readonly Certificate[], now: number): readonly Authority[] {
  return trusted
    .filter((certificate) => certificate.mayIssueIfTrusted && isUsable(certificate, now))
    .map((certificate) => ({
      certificate,
      room: certificate.pathLength,
      constrainsNames: certificate.constrainsNames,
      validTo: certificate.validTo,
    }))
}

function authoritiesBelow(
  level: readonly Authority[],
  candidates: readonly Certificate[],
): readonly Authority[] {
  return candidates.flatMap((certificate) => {
    // Between the authority and the leaf lies this one, so there must be room for it.
    const above = level.filter(({ room }) => room > 0)
    const issuer = issuerOf(certificate, above)
    if (issuer === undefined) return []
    return {
      certificate,
      room: Math.min(issuer.room - 1, certificate.pathLength),
      constrainsNames: issuer.constrainsNames || certificate.constrainsNames,
      validTo: Math.min(issuer.validTo, certificate.validTo),
    }
  })
}

function isUsable(certificate: Certificate, now: number): boolean {
  return !certificate.hasUnknownDemands && isCurrent(certificate, now)
}

function issuerOf(certificate: Certificate, authorities: readonly Authority[]): Authority | undefined {
  return authorities.find((authority) => isSignedBy(certificate, authority))
}

function isSignedBy(certificate: Certificate, authority: Authority): boolean {
  const { key, subject } = authority.certificate
  if (key === undefined || !certificate.isSoundlySigned || !certificate.issuer.equals(subject)) return false
  // Limits on names are not followed; without names there is nothing to limit (RFC 5280, 4.2.1.10).
  if (authority.constrainsNames && certificate.hasAlternativeNames) return false
  try {
    return certificate.x509.verify(key)
  } catch {
    return false
  }
}

function isCurrent({ validFrom, validTo }: Certificate, now: number): boolean {
  return now >= validFrom && now <= validTo
}

function isAmong({ x509 }: Certificate, certificates: readonly Certificate[]): boolean {
  return certificates.some((other) => other.x509.raw.equals(x509.raw))
}
