import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate } from '../test/tls/certificates.ts'

/** PEM files that every server is given, ECDSA on P-256. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  /** What the load programs trust. */
  readonly authority: string
}

/** Makes them in a folder of their own below another. */
export async function makeTlsFiles(below: string): Promise<TlsFiles> {
  const folder = join(below, 'tls')
  mkdirSync(folder)
  const issuer = await makeCertificate(folder, { name: 'root', use: 'authority' })
  const { chain, key } = await makeCertificate(folder, { name: 'server', issuer, key: 'ecdsa' })
  return { certificate: chain, key, authority: issuer.certificate }
}
