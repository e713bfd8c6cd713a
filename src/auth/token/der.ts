/** One value of ASN.1 in DER (X.690), such as a certificate or a part of it. */
export interface Der {
  readonly tag: number
  readonly content: Buffer
  /** The content with what comes before it. */
  readonly whole: Buffer
}

/** Tags: those of X.690, 8.1.2, as far as a certificate has them. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const

/** The tag of `[number] EXPLICIT`. */
export function contextTag(number: number): number {
  return 0xa0 + number
}

/**
 * The values that lie one after the other in `bytes`.
 *
 * @throws Error when they are not whole, or in a form that no certificate needs
 */
export function derValues(bytes: Buffer): readonly Der[] {
  const values: Der[] = []
  for (let rest = bytes; rest.length > 0;) {
    const value = firstValue(rest)
    values.push(value)
    rest = rest.subarray(value.whole.length)
  }
  return values
}

function firstValue(bytes: Buffer): Der {
  const [tag, short] = bytes
  // Tags of several bytes do not occur in certificates, lengths of more than four mean gigabytes.
  if (tag === undefined || short === undefined || (tag & 0x1f) === 0x1f) throw malformed()
  const lengthBytes = short < 0x80 ? 0 : short - 0x80
  if (short === 0x80 || lengthBytes > 4 || bytes.length < 2 + lengthBytes) throw malformed()
  const start = 2 + lengthBytes
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes)
  if (bytes.length < start + length) throw malformed()
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) }
}

function malformed(): Error {
  return new Error('malformed DER')
}
