import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate, type Issued } from '../tls/certificates.ts'
import { certificateFiles } from './target.ts'

/**
 * Makes what the cases call `@CERTS@`, with the names that files have in containers: `domain.crt` (with its intermediate) and
 * `domain.key`, the same as `tls.crt` and `tls.key`; `rsa.crt` and `rsa.key`; `client-ca.crt`, whom clients' certificates come from.
 *
 * @param folder an existing one
 */
export async function makeCertificateFolder(folder: string): Promise<void> {
  const put = (from: string, to: string): void => copyFileSync(from, join(folder, to))
  const authority = await makeCertificate(folder, { name: 'authority', use: 'authority' })
  const intermediate = await makeCertificate(folder, {
    name: 'intermediate',
    use: 'authority',
    issuer: authority,
  })
  put(authority.certificate, certificateFiles.authority)
  const servers: readonly Issued[] = [
    await makeCertificate(folder, { name: 'ecdsa', issuer: intermediate }),
    await makeCertificate(folder, { name: 'rsa-server', key: 'rsa', issuer: intermediate }),
  ]
  for (const [index, names] of [['domain', 'tls'], ['rsa']].entries()) {
    const server = servers[index]
    if (server === undefined) continue
    for (const name of names) {
      put(server.chain, `${name}.crt`)
      put(server.key, `${name}.key`)
    }
  }
  const clients = await makeCertificate(folder, { name: 'clients', use: 'authority' })
  put(clients.certificate, 'client-ca.crt')
  const client = await makeCertificate(folder, { name: 'one-client', use: 'client', issuer: clients })
  put(client.certificate, certificateFiles.clientCertificate)
  put(client.key, certificateFiles.clientKey)
}
