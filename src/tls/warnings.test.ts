import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeCertificates, type Certificates, type Issued } from '../../test/tls/certificates.ts'
import { recordingLog, type LogEntry } from '../../test/tls/recording-log.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { loadCertificates } from './load.ts'
import { warnOfDefects, warnOfExpiry } from './warnings.ts'

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

const hour = 3_600_000
const day = 24 * hour

async function logged(
  warn: typeof warnOfDefects,
  { chain, key }: Issued,
  options: { readonly beforeEnd?: number; readonly clientCas?: readonly string[] } = {},
): Promise<readonly LogEntry[]> {
  const { beforeEnd, clientCas = [] } = options
  const loaded = await loadCertificates({ certificate: chain, key, clientCas })
  const { log, entries } = recordingLog()
  warn(loaded, log, beforeEnd === undefined ? Date.now() : loaded.expires.getTime() - beforeEnd)
  return entries
}

const summary = (entries: readonly LogEntry[]): readonly string[] =>
  entries.map(({ level, message }) => `${level} ${message}`)

describe('a warning', () => {
  it('is not given of a good certificate', async () => {
    const { server, clientRoot } = certificates
    assert.deepEqual(await logged(warnOfDefects, server.rsa, { clientCas: [clientRoot.certificate] }), [])
    assert.deepEqual(await logged(warnOfExpiry, server.rsa), [])
  })

  it('tells of a certificate that is not yet valid', async () => {
    const issued = await certificates.issue({ name: 'future', notBefore: new Date(Date.now() + day) })
    const entries = await logged(warnOfDefects, issued)
    assert.deepEqual(summary(entries), ['warn the certificate is not yet valid'])
    assert.equal(entries[0]?.fields['certificate'], issued.chain)
    assert.equal(entries[0]?.fields['subject'], 'CN=future')
    assert.match(String(entries[0]?.fields['validFrom']), /^\d{4}-.*Z$/)
  })

  it('tells of a certificate without names', async () => {
    const issued = await certificates.issue({ name: 'nameless', hosts: [] })
    assert.deepEqual(summary(await logged(warnOfDefects, issued)), [
      'warn the certificate has no subject alternative name, which docker and other clients refuse',
    ])
  })

  it('tells of authorities that have expired', async () => {
    const old = await certificates.issue({
      name: 'old-root',
      use: 'authority',
      notAfter: new Date(Date.now() - day),
      notBefore: new Date(Date.now() - 2 * day),
    })
    const clientCas = [certificates.clientRoot.certificate, old.certificate]
    const entries = await logged(warnOfDefects, certificates.server.rsa, { clientCas })
    assert.deepEqual(summary(entries), ['warn a certificate of the client authorities has expired'])
    assert.equal(entries[0]?.fields['subject'], 'CN=old-root')
  })

  it('tells of the end two weeks before it', async () => {
    const { rsa } = certificates.server
    assert.deepEqual(await logged(warnOfExpiry, rsa, { beforeEnd: 14 * day + hour }), [])
    assert.deepEqual(summary(await logged(warnOfExpiry, rsa, { beforeEnd: 14 * day - hour })), [
      'warn the certificate expires soon',
    ])
    assert.deepEqual(summary(await logged(warnOfExpiry, rsa, { beforeEnd: -1 })), [
      'error the certificate has expired',
    ])
  })

  it('tells of the end later where all certificates live short', async () => {
    const notAfter = new Date(Date.now() + 7 * day)
    const short = await certificates.issue({ name: 'short', notBefore: new Date(Date.now() - day), notAfter })
    // Of 8 days.
    assert.deepEqual(await logged(warnOfExpiry, short, { beforeEnd: 2 * day + hour }), [])
    assert.equal((await logged(warnOfExpiry, short, { beforeEnd: 2 * day - hour })).length, 1)
  })
})
