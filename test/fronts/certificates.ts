import { makeCertificate, type Issued } from '../tls/certificates.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import type { FrontTls } from './front.ts'

/** An authority, and certificates of it. */
export interface Certificates {
  /** Its own certificate, a PEM file: what clients trust. */
  readonly authority: string
  /** A folder with that in it and nothing else, as skopeo and Docker take one. */
  readonly authorityFolder: string
  /** A certificate for these names and addresses. */
  issue(hosts: readonly string[]): Promise<FrontTls>
}

export async function makeAuthority(test: Cleaner): Promise<Certificates> {
  const folder = temporaryFolder(test)
  const others = temporaryFolder(test)
  const root: Issued = await makeCertificate(folder.path, { name: 'root', use: 'authority' })
  let count = 0
  return {
    authority: root.certificate,
    authorityFolder: folder.path,
    issue: async (hosts) => {
      const name = `server-${++count}`
      const issued = await makeCertificate(others.path, { name, issuer: root, hosts })
      return { certificate: issued.chain, key: issued.key }
    },
  }
}
