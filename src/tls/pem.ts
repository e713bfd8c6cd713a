/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  /** What stands behind BEGIN, such as `CERTIFICATE`. */
  readonly label: string
  /** From `-----BEGIN` to `-----END …-----`. */
  readonly text: string
}

/** The blocks of a file in their order. Text around them is nothing to care about, as for Go and OpenSSL. */
export function pemBlocks(content: Buffer): readonly PemBlock[] {
  const blocks = content.toString('latin1').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g)
  return Array.from(blocks, ([text, label = '']) => ({ label, text }))
}

/** PKCS#1, PKCS#8 or SEC 1, encrypted ones too. */
export function isPrivateKey({ label }: PemBlock): boolean {
  return label.endsWith('PRIVATE KEY')
}

/** Under PKCS#8, or as OpenSSL did before (RFC 1421). */
export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(text)
}

/** What a file is that lacks what was looked for, for an error message. */
export function describeContent(content: Buffer): string {
  if (content.length === 0) return 'the file is empty'
  const labels = [...new Set(pemBlocks(content).map(({ label }) => label))]
  if (labels.length > 0) return `it holds ${labels.join(', ')}`
  if (content.includes('-----BEGIN ')) return 'it breaks off in the middle'
  // An ASN.1 sequence: what all of DER and PKCS#12 begins with.
  if (content[0] === 0x30) return 'it is binary (DER or PKCS#12), but PEM is needed'
  return 'there is no PEM in it'
}
