import { parseCertificate, type Certificate } from './certificate.ts'

/**
 * The certificates of a PEM file (RFC 7468). Other blocks, and text around them, are passed over, as Distribution does.
 *
 * @throws Error in one line, to stand behind the file's name
 */
export function parseBundle(content: Buffer): readonly Certificate[] {
  const blocks = content
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  return (blocks ?? []).map((block, index) => {
    try {
      return parseCertificate(block)
    } catch {
      throw new Error(`certificate ${index + 1} in it is damaged`)
    }
  })
}
