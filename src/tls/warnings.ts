import type { Log } from '../registry/context.ts'
import type { LoadedCertificates } from './load.ts'

const day = 24 * 60 * 60 * 1000

/** What a log says of a certificate. */
export function certificateFields({ files, leaf, expires }: LoadedCertificates): object {
  return {
    certificate: files.certificate,
    subject: leaf.subject.replaceAll('\n', ', '),
    names: leaf.subjectAltName ?? '',
    expires: expires.toISOString(),
    fingerprint: leaf.fingerprint256,
  }
}

/**
 * Warns of what clients will stumble over though it can be served.
 *
 * @param now milliseconds since 1970
 */
export function warnOfDefects(loaded: LoadedCertificates, log: Log, now: number): void {
  const fields = certificateFields(loaded)
  const { leaf, validFrom, files, clientCas } = loaded
  // No refusal: this machine's clock may be the one that is wrong.
  if (validFrom.getTime() > now)
    log.warn({ ...fields, validFrom: validFrom.toISOString() }, 'the certificate is not yet valid')
  if (leaf.subjectAltName === undefined)
    log.warn(fields, 'the certificate has no subject alternative name, which docker and other clients refuse')
  for (const ca of clientCas.filter(({ validTo }) => Date.parse(validTo) < now))
    log.warn(
      { clientcas: files.clientCas, subject: ca.subject.replaceAll('\n', ', '), expires: ca.validTo },
      'a certificate of the client authorities has expired',
    )
}

/**
 * Warns when a certificate expires within two weeks, or, for those that live short, when three quarters of their life are over:
 * most renewals come at two thirds.
 *
 * @param now milliseconds since 1970
 */
export function warnOfExpiry(loaded: LoadedCertificates, log: Log, now: number): void {
  const expires = loaded.expires.getTime()
  const notice = Math.min(14 * day, (expires - loaded.validFrom.getTime()) / 4)
  if (now > expires) log.error(certificateFields(loaded), 'the certificate has expired')
  else if (now > expires - notice) log.warn(certificateFields(loaded), 'the certificate expires soon')
}
