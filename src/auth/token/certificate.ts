import { X509Certificate, type KeyObject } from 'node:crypto'
import { readCertificateFields, type CertificateFields } from './certificate-fields.ts'

/** A certificate, with all that it takes to decide whether a chain of them is good (RFC 5280, 6). */
export interface Certificate extends CertificateFields {
  readonly x509: X509Certificate
  /** Undefined: of a kind that OpenSSL does not know. */
  readonly key: KeyObject | undefined
  /** Milliseconds since 1970. */
  readonly validFrom: number
  /** Milliseconds since 1970. */
  readonly validTo: number
}

/**
 * Reads one certificate.
 *
 * @param encoded DER, or PEM text with one block
 * @throws Error when it is none
 */
export function parseCertificate(encoded: Buffer | string): Certificate {
  const x509 = new X509Certificate(encoded)
  // Node takes PEM for DER, and whatever follows.
  if (typeof encoded !== 'string' && !x509.raw.equals(encoded)) throw new Error('not one certificate in DER')
  return {
    x509,
    key: keyOf(x509),
    validFrom: Date.parse(x509.validFrom),
    validTo: Date.parse(x509.validTo),
    ...readCertificateFields(x509.raw),
  }
}

function keyOf(x509: X509Certificate): KeyObject | undefined {
  try {
    return x509.publicKey
  } catch {
    return undefined
  }
}
