import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { run, words } from '../support/run.ts'

/** Certificates for tests, made by the openssl command. Nothing here is checked in, and nothing outlives the test's folder. */

export type KeyType = 'rsa' | 'ecdsa' | 'ed25519'

/** The files, all PEM, of one certificate. */
export interface Issued {
  /** The certificate alone. */
  readonly certificate: string
  /** PKCS#8, as `openssl req` writes it. */
  readonly key: string
  /** The certificate, then the intermediates up to the root, which is left out: what a server is given. */
  readonly chain: string
  /** Who signed it; absent when it did itself. */
  readonly issuer?: Issued
}

export interface CertificateOptions {
  /** The common name, and the name of the files. */
  readonly name: string
  /** Default: ecdsa (P-256), the fastest to make. */
  readonly key?: KeyType
  /** Who signs it. Default: itself. */
  readonly issuer?: Issued
  /** Default: server. An `authority` may sign others. */
  readonly use?: 'server' | 'client' | 'authority'
  /** DNS names and addresses of a server. Default: localhost, 127.0.0.1 and ::1. Empty: no subjectAltName. */
  readonly hosts?: readonly string[]
  /** Default: an hour ago. */
  readonly notBefore?: Date
  /** Default: 90 days ahead. */
  readonly notAfter?: Date
}

export interface Certificates {
  /** Where all files lie. */
  readonly folder: string
  /** What clients trust: the root of all servers' certificates. */
  readonly root: Issued
  /** Signed by the root; signs the servers' certificates. */
  readonly intermediate: Issued
  /** For localhost, 127.0.0.1 and ::1, by type of key. Their `chain` holds the intermediate. */
  readonly server: Readonly<Record<KeyType, Issued>>
  /** As `server.ecdsa`, but it ended yesterday. */
  readonly expired: Issued
  /** What servers trust: the root of the good and the expired client's certificate. It signed no server's. */
  readonly clientRoot: Issued
  readonly client: {
    readonly good: Issued
    readonly expired: Issued
    readonly selfSigned: Issued
    /** Signed by the servers' root, which is not the clients'. */
    readonly wrongRoot: Issued
  }
  /** Makes another one in the same folder. */
  issue(options: CertificateOptions): Promise<Issued>
}

const hour = 3_600_000
const day = 24 * hour

/**
 * Makes a root, an intermediate, servers' certificates of each type of key, an expired one, and clients' certificates good and
 * bad, which takes about a second.
 *
 *     const certificates = await makeCertificates(temporaryFolder(t).path)
 *     createServer({ cert: readFileSync(certificates.server.ecdsa.chain), key: readFileSync(certificates.server.ecdsa.key) })
 *     request({ ca: readFileSync(certificates.root.certificate) })
 *
 * @param folder an existing one; the caller removes it
 */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const issue = (options: CertificateOptions): Promise<Issued> => makeCertificate(folder, options)
  const past = { notBefore: new Date(Date.now() - 30 * day), notAfter: new Date(Date.now() - day) }

  const root = await issue({ name: 'root', use: 'authority' })
  const clientRoot = await issue({ name: 'client-root', use: 'authority' })
  const intermediate = await issue({ name: 'intermediate', use: 'authority', issuer: root })
  return {
    folder,
    root,
    intermediate,
    server: {
      rsa: await issue({ name: 'rsa', key: 'rsa', issuer: intermediate }),
      ecdsa: await issue({ name: 'ecdsa', key: 'ecdsa', issuer: intermediate }),
      ed25519: await issue({ name: 'ed25519', key: 'ed25519', issuer: intermediate }),
    },
    expired: await issue({ name: 'expired', issuer: intermediate, ...past }),
    clientRoot,
    client: {
      good: await issue({ name: 'client-good', use: 'client', issuer: clientRoot }),
      expired: await issue({ name: 'client-expired', use: 'client', issuer: clientRoot, ...past }),
      selfSigned: await issue({ name: 'client-self-signed', use: 'client' }),
      wrongRoot: await issue({ name: 'client-wrong-root', use: 'client', issuer: root }),
    },
    issue,
  }
}

const keyArguments: Readonly<Record<KeyType, readonly string[]>> = {
  rsa: ['-newkey', 'rsa:2048'],
  ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  ed25519: ['-newkey', 'ed25519'],
}

/** Makes one certificate and its key in a folder. A second one of the same name replaces the first. */
export async function makeCertificate(folder: string, options: CertificateOptions): Promise<Issued> {
  const { name, issuer } = options
  const file = (ending: string): string => join(folder, `${name}${ending}`)
  const issued: Issued = {
    certificate: file('.crt'),
    key: file('.key'),
    chain: file('.chain.crt'),
    ...(issuer && { issuer }),
  }
  // `openssl ca` is the only one that takes any dates, and it wants its files. Each call has its own, so that calls may overlap.
  const work = file('.ca')
  await mkdir(work, { recursive: true })
  const config = join(work, 'openssl.cnf')
  await writeFile(config, configuration(work, options))
  await writeFile(join(work, 'index.txt'), '')

  const request = join(work, 'request.pem')
  const newKey = ['-noenc', '-keyout', issued.key, ...keyArguments[options.key ?? 'ecdsa']]
  await run('openssl', [
    ...words(`req -new -config ${config} -out ${request} -subj`),
    `/CN=${name}`,
    ...newKey,
  ])
  const signer =
    issuer === undefined
      ? ['-selfsign', '-keyfile', issued.key]
      : ['-cert', issuer.certificate, '-keyfile', issuer.key]
  const startDate = toAsn1(options.notBefore ?? new Date(Date.now() - hour))
  const endDate = toAsn1(options.notAfter ?? new Date(Date.now() + 90 * day))
  const { stdout } = await run('openssl', [
    ...words(`ca -batch -notext -config ${config} -in ${request}`),
    ...words(`-startdate ${startDate} -enddate ${endDate}`),
    ...signer,
  ])
  await writeFile(issued.certificate, stdout)
  await writeFile(issued.chain, stdout + (await intermediates(issuer)))
  return issued
}

/** The PEM of those between a certificate and its root. */
async function intermediates(issuer: Issued | undefined): Promise<string> {
  return issuer?.issuer === undefined ? '' : await readFile(issuer.chain, 'utf8')
}

const extensionLines: Readonly<Record<NonNullable<CertificateOptions['use']>, string>> = {
  authority: 'basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign',
  server: 'keyUsage = critical, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth',
  client: 'keyUsage = critical, digitalSignature\nextendedKeyUsage = clientAuth',
}

function configuration(work: string, { use = 'server', hosts = localHosts }: CertificateOptions): string {
  const names = hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`)
  const alternatives = use === 'server' && names.length > 0 ? `subjectAltName = ${names.join(', ')}` : ''
  return `
[req]
distinguished_name = nothing
[nothing]
[ca]
default_ca = authority
[authority]
database = ${work}/index.txt
new_certs_dir = ${work}
rand_serial = yes
default_md = default
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectKeyIdentifier = hash
${extensionLines[use]}
${alternatives}
`
}

const localHosts: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** As YYYYMMDDHHMMSSZ. */
function toAsn1(date: Date): string {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`
}
