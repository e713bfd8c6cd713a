import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { makeCertificate } from '../../test/tls/certificates.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { clientRefusal } from './client-check.ts'

// The modes are tested with real clients in test/tls/client-auth.test.ts.
describe('a client whose session outlives its certificate', () => {
  const folder = temporaryFolder()
  let certificate: X509Certificate
  before(async () => {
    const { certificate: path } = await makeCertificate(folder.path, { name: 'client', use: 'client' })
    certificate = new X509Certificate(await readFile(path))
  })
  after(() => folder.remove())

  const refusalAt = (milliseconds: number, mode: Parameters<typeof clientRefusal>[1]): string | undefined =>
    clientRefusal(
      // What node says of a resumed session whose certificate was good when it began.
      {
        authorized: true,
        authorizationError: new Error(),
        getPeerX509Certificate: () => certificate,
      },
      mode,
      Date.parse(certificate.validTo) + milliseconds,
    )

  it('is refused where certificates are verified', () => {
    for (const mode of ['verify-client-cert-if-given', 'require-and-verify-client-cert'] as const) {
      assert.equal(refusalAt(-1000, mode), undefined)
      assert.equal(refusalAt(1000, mode), 'CERT_HAS_EXPIRED')
    }
  })

  it('is admitted where they are not', () => {
    for (const mode of ['request-client-cert', 'require-any-client-cert'] as const)
      assert.equal(refusalAt(1000, mode), undefined)
  })
})
