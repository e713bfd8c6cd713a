import type { X509Certificate } from 'node:crypto'

/** DER of `SEQUENCE { SEQUENCE { OBJECT IDENTIFIER clientAuth } }`: what OpenSSL may trust a certificate for, and nothing else. */
const trustForClients: Buffer = Buffer.from('300c300a06082b06010505070302', 'hex')

/**
 * Go trusts each certificate of a pool, an intermediate too. OpenSSL trusts by itself only what signed itself; else the certificate
 * must say it, in the form that `openssl x509 -addtrust clientAuth -trustout` writes. (Node has `allowPartialTrustChain` for this, but
 * its servers do not pass it on.)
 *
 * @returns PEM for the option `ca` of a server
 */
export function trustAnchor(certificate: X509Certificate): string {
  const base64 = Buffer.concat([certificate.raw, trustForClients]).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return ['-----BEGIN TRUSTED CERTIFICATE-----', ...lines, '-----END TRUSTED CERTIFICATE-----', ''].join('\n')
}
