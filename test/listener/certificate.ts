import { readFileSync } from 'node:fs'
import type { Cleaner } from '../support/at-exit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'

export interface Pair {
  readonly cert: string
  readonly key: string
}

/** A server's certificate that signed itself: it is what its clients trust, too. */
export async function newCertificate(test: Cleaner, name = 'server'): Promise<Pair> {
  const { certificate, key } = await makeCertificate(temporaryFolder(test).path, { name })
  return { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
