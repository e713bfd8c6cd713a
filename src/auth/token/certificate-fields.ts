import { contextTag, derTags, derValues, type Der } from './der.ts'

/** What Node does not tell of a certificate, and whether a chain is good depends on. */
export interface CertificateFields {
  /** The whole names, encoded. */
  readonly subject: Buffer
  readonly issuer: Buffer
  /** It says that it may sign certificates. */
  readonly mayIssue: boolean
  /** The same, or it is of the first version, which cannot say so: then it may when somebody trusts it by itself. */
  readonly mayIssueIfTrusted: boolean
  /** How many certificates may lie between this one and the last of a chain; Infinity: any number. */
  readonly pathLength: number
  /** It limits the names of those below it. */
  readonly constrainsNames: boolean
  /** It is about names that can be limited. */
  readonly hasAlternativeNames: boolean
  /** Whether it was signed by an algorithm that nobody can forge yet. SHA-1 and MD5 are not, and Go refuses them as well. */
  readonly isSoundlySigned: boolean
  /** It demands to be refused by whoever does not understand it (RFC 5280, 4.2), and this is not understood. */
  readonly hasUnknownDemands: boolean
}

/** Object identifiers as they are encoded, in hexadecimal. Extensions: RFC 5280, 4.2.1. */
const oids = {
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  rsaPss: '2a864886f70d01010a',
} as const

/** Extensions that need not be obeyed here, or are: identifiers of keys, policies and revocation lists, extended key usage. */
const understood: ReadonlySet<string> = new Set([
  oids.keyUsage,
  oids.subjectAltName,
  oids.basicConstraints,
  oids.nameConstraints,
  '551d0e', // subject key identifier
  '551d1f', // revocation lists
  '551d20', // policies, of which none is asked for
  '551d23', // authority key identifier
  '551d25', // extended key usage: tokens have none
])

const soundSignatures: ReadonlySet<string> = new Set([
  '2a864886f70d01010b', // RSA with SHA-256
  '2a864886f70d01010c',
  '2a864886f70d01010d',
  '2a8648ce3d040302', // ECDSA with SHA-256
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  '2b6570', // Ed25519
])

/** SHA-256, SHA-384 and SHA-512, as RSA-PSS names its hash. */
const soundHashes: ReadonlySet<string> = new Set([
  '608648016503040201',
  '608648016503040202',
  '608648016503040203',
])

interface Extension {
  readonly isCritical: boolean
  readonly value: Buffer
}

/**
 * Reads the fields of a certificate (RFC 5280, 4.1).
 *
 * @param der one that OpenSSL has parsed
 * @throws Error when it is malformed
 */
export function readCertificateFields(der: Buffer): CertificateFields {
  const [certificate] = derValues(der)
  const [toBeSigned, signature] = derValues(need(certificate).content)
  const fields = derValues(need(toBeSigned).content)
  const isVersioned = fields[0]?.tag === contextTag(0)
  const [, , issuer, , subject] = isVersioned ? fields.slice(1) : fields
  const extensions = readExtensions(fields.find(({ tag }) => tag === contextTag(3)))
  const constraints = readBasicConstraints(extensions.get(oids.basicConstraints))
  const maySign = maySignCertificates(extensions.get(oids.keyUsage))
  return {
    subject: need(subject).whole,
    issuer: need(issuer).whole,
    mayIssue: maySign && constraints?.isAuthority === true,
    mayIssueIfTrusted: maySign && (constraints?.isAuthority ?? !isVersioned),
    pathLength: constraints?.pathLength ?? Infinity,
    constrainsNames: extensions.has(oids.nameConstraints),
    hasAlternativeNames: extensions.has(oids.subjectAltName),
    isSoundlySigned: isSound(need(signature)),
    hasUnknownDemands: Array.from(extensions).some(
      ([oid, { isCritical }]) => isCritical && !understood.has(oid),
    ),
  }
}

function readExtensions(field: Der | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  if (field === undefined) return extensions
  for (const { content } of derValues(need(derValues(field.content)[0]).content)) {
    const [oid, ...rest] = derValues(content)
    const id = need(oid).content.toString('hex')
    // RFC 5280, 4.2. Which of two counts is for two readers to disagree upon.
    if (extensions.has(id)) throw new Error('an extension occurs twice')
    const isCritical = rest[0]?.tag === derTags.boolean && rest[0].content[0] !== 0
    extensions.set(id, { isCritical, value: need(rest.at(-1)).content })
  }
  return extensions
}

function readBasicConstraints(
  extension: Extension | undefined,
): { isAuthority: boolean; pathLength: number } | undefined {
  if (extension === undefined) return undefined
  const values = derValues(need(derValues(extension.value)[0]).content)
  const flag = values.find(({ tag }) => tag === derTags.boolean)
  const length = values.find(({ tag }) => tag === derTags.integer)
  return {
    isAuthority: flag !== undefined && flag.content[0] !== 0,
    pathLength:
      length === undefined ? Infinity : Number(BigInt(`0x${length.content.toString('hex') || '0'}`)),
  }
}

/** RFC 5280, 4.2.1.3: the sixth bit. Without the extension it may. */
function maySignCertificates(extension: Extension | undefined): boolean {
  if (extension === undefined) return true
  const [, firstBits = 0] = need(derValues(extension.value)[0]).content
  return (firstBits & 0x04) !== 0
}

/** RFC 4055, 3.1: RSA-PSS names its hash in a first parameter; without one it is SHA-1. */
function isSound(algorithm: Der): boolean {
  const [oid, parameters] = derValues(algorithm.content)
  const id = need(oid).content.toString('hex')
  if (id !== oids.rsaPss) return soundSignatures.has(id)
  const hash = derValues(parameters?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === contextTag(0))
  if (hash === undefined) return false
  const [name] = derValues(need(derValues(hash.content)[0]).content)
  return soundHashes.has(need(name).content.toString('hex'))
}

function need(value: Der | undefined): Der {
  if (value === undefined) throw new Error('malformed certificate')
  return value
}
