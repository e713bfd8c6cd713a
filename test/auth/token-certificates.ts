import { randomBytes, sign, type KeyObject } from 'node:crypto'

/** Certificates for tests of tokens, good ones and such as no tool makes, written byte by byte (RFC 5280, 4.1). */

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** A certificate and the key that belongs to it. */
export interface Issued {
  readonly name: string
  readonly keys: KeyPair
  readonly der: Buffer
}

export interface CertificateOptions {
  readonly name: string
  readonly keys: KeyPair
  /** Who signs it. Default: itself. */
  readonly issuer?: Pick<Issued, 'name' | 'keys'>
  /** Basic constraints. Default: none. */
  readonly authority?: boolean
  readonly pathLength?: number
  /** The bits of key usage, the first 8. Default: no such extension. 0x04 signs certificates, 0x80 all else. */
  readonly keyUsage?: number
  /** A DNS name in subjectAltName. */
  readonly host?: string
  /** Names that it may issue for, as nameConstraints. */
  readonly permitted?: string
  /** Object identifier, encoded, of one more critical extension. */
  readonly demand?: Buffer
  /** Default: 3. */
  readonly version?: 1 | 3
  /** Default: an hour ago. */
  readonly from?: Date
  /** Default: in an hour. */
  readonly to?: Date
  /** Default: sha256. */
  readonly hash?: 'sha1' | 'sha256'
}

const hour = 3_600_000

/** Makes a certificate. */
export function issue(options: CertificateOptions): Issued {
  const { name, keys, issuer = { name, keys }, version = 3, hash = 'sha256' } = options
  const { from = new Date(Date.now() - hour), to = new Date(Date.now() + hour) } = options
  const signer = issuer.keys.privateKey
  const algorithm = signatureAlgorithm(signer, hash)
  const body = sequence(
    ...(version === 3 ? [der(0xa0, der(0x02, Buffer.of(2)))] : []),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    commonName(issuer.name),
    sequence(time(from), time(to)),
    commonName(name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(version === 3 ? [der(0xa3, sequence(...extensions(options)))] : []),
  )
  const signature = sign(signer.asymmetricKeyType === 'ed25519' ? null : hash, body, signer)
  return { name, keys, der: sequence(body, algorithm, der(0x03, Buffer.of(0), signature)) }
}

export function toPem({ der: bytes }: Issued): string {
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`
}

/** As `x5c` has them. */
export function toX5c(...chain: readonly Issued[]): string[] {
  return chain.map(({ der: bytes }) => bytes.toString('base64'))
}

function extensions(options: CertificateOptions): Buffer[] {
  const { authority, pathLength, keyUsage, host, permitted, demand } = options
  const list: Buffer[] = []
  if (authority !== undefined) {
    const length = pathLength === undefined ? [] : [der(0x02, Buffer.of(pathLength))]
    list.push(extension('551d13', sequence(...(authority ? [truth] : []), ...length)))
  }
  if (keyUsage !== undefined) list.push(extension('551d0f', der(0x03, Buffer.of(0, keyUsage))))
  if (host !== undefined) list.push(extension('551d11', sequence(der(0x82, Buffer.from(host)))))
  if (permitted !== undefined) {
    list.push(extension('551d1e', sequence(der(0xa0, sequence(der(0x82, Buffer.from(permitted)))))))
  }
  if (demand !== undefined) list.push(extension(demand.toString('hex'), sequence()))
  // A list of extensions is never empty: the identifier of a key.
  list.push(sequence(oid('551d0e'), der(0x04, der(0x04, randomBytes(8)))))
  return list
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), truth, der(0x04, value))
}

function signatureAlgorithm(key: KeyObject, hash: 'sha1' | 'sha256'): Buffer {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return sequence(oid(hash === 'sha1' ? '2a864886f70d010105' : '2a864886f70d01010b'), der(0x05))
    case 'ec':
      return sequence(oid(hash === 'sha1' ? '2a8648ce3d0401' : '2a8648ce3d040302'))
    default:
      return sequence(oid('2b6570'))
  }
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
}

/** GeneralizedTime from 2050 on, UTCTime before. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() >= 2050
    ? der(0x18, Buffer.from(digits))
    : der(0x17, Buffer.from(digits.slice(2)))
}

const truth: Buffer = der(0x01, Buffer.of(0xff))

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}
