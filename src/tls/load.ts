import type { KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { fileProblem } from '../util/file-problem.ts'
import { stateOfFiles, type FileState } from '../util/file-state.ts'
import { pathsOf, type TlsFiles } from './files.ts'
import { parseCertificates, parseKey } from './parse.ts'
import { trustAnchor } from './trust-anchor.ts'

/** What the files hold, checked. */
export interface LoadedCertificates {
  readonly files: TlsFiles
  /** For `createServer` and `setSecureContext`, together with `policyOptions`. Secret, for the key is in it. */
  readonly context: {
    readonly cert: string
    readonly key: string
    readonly ca: string[]
  }
  /** The server's own certificate. */
  readonly leaf: X509Certificate
  readonly validFrom: Date
  /** When `leaf` does. */
  readonly expires: Date
  readonly clientCas: readonly X509Certificate[]
  /** Of the files, before they were read. */
  readonly state: FileState
}

/** Reads one file. */
export type ReadFile = (path: string) => Promise<Buffer>

/**
 * Reads and checks the files.
 *
 * @param now by which certificates expire and files count as just written
 * @throws Error in one line that names the file: it cannot be read, does not hold what it should, is encrypted, key and certificate
 *   do not belong together, the certificate has expired, OpenSSL refuses it
 */
export async function loadCertificates(
  files: TlsFiles,
  now: Date = new Date(),
  read: ReadFile = readFile,
): Promise<LoadedCertificates> {
  // Before the reading, so that whatever changes meanwhile is seen as a change later.
  const state = await stateOfFiles(pathsOf(files), now.getTime())
  const { certificate: certificatePath, key: keyPath } = files
  const chain = await parsed('http.tls.certificate', certificatePath, read, parseCertificates)
  const privateKey = await parsed('http.tls.key', keyPath, read, parseKey)
  const clientCas: X509Certificate[] = []
  for (const path of files.clientCas)
    clientCas.push(...(await parsed('http.tls.clientcas', path, read, parseCertificates)))

  const [leaf] = chain
  const expires = new Date(leaf.validTo)
  requireMatch(files, chain, privateKey.key)
  if (expires < now)
    throw new Error(
      `http.tls.certificate: ${certificatePath}: the certificate expired at ${expires.toISOString()}`,
    )
  const context = {
    cert: chain.map(String).join(''),
    key: privateKey.pem,
    // Never absent: then Node would trust all public authorities.
    ca: clientCas.map(trustAnchor),
  }
  try {
    createSecureContext(context)
  } catch (error) {
    throw new Error(
      `http.tls.certificate: ${certificatePath}: OpenSSL does not take it: ${reasonOf(error)}`,
      { cause: error },
    )
  }
  return { files, context, leaf, validFrom: new Date(leaf.validFrom), expires, clientCas, state }
}

async function parsed<T>(
  setting: string,
  path: string,
  read: ReadFile,
  parse: (content: Buffer) => T,
): Promise<T> {
  try {
    return parse(await read(path))
  } catch (error) {
    throw new Error(`${setting}: ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  // OpenSSL's, without the names of its functions.
  return error instanceof Error && 'reason' in error ? String(error.reason) : fileProblem(error)
}

function requireMatch(files: TlsFiles, chain: readonly X509Certificate[], key: KeyObject): void {
  const owner = chain.findIndex((certificate) => certificate.checkPrivateKey(key))
  if (owner === 0) return
  const position =
    owner > 0 ? `; it belongs to certificate ${owner + 1} in that file, which must be the first` : ''
  throw new Error(
    `http.tls.key: ${files.key}: the key does not match the certificate in ${files.certificate}${position}`,
  )
}
