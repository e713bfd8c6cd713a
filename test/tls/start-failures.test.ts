import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { repositoryRoot } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates, type Certificates } from './certificates.ts'

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

/** What `berth serve` says on standard error when it does not start. */
async function refusal(tls: Readonly<Record<string, unknown>>): Promise<string> {
  const config = join(folder.path, 'config.yml')
  const storage = { filesystem: { rootdirectory: join(folder.path, 'store') } }
  await writeFile(config, JSON.stringify({ version: '0.1', storage, http: { addr: '127.0.0.1:0', tls } }))
  const { code, stdout, stderr } = await run(process.execPath, [main, 'serve', config], {
    mayFail: true,
    timeoutMs: 20_000,
  })
  assert.equal(code, 1, stderr)
  assert.equal(stdout, '')
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  return stderr.replaceAll(`${folder.path}/`, '')
}

// All messages are tested beside src/tls/load.ts; here, that the process gives them.
describe('berth serve does not start, and says why in one line', () => {
  it('without the certificate or the key', async () => {
    const { chain: certificate, key } = certificates.server.ecdsa
    assert.match(
      await refusal({ certificate: '/none.crt', key }),
      /http\.tls\.certificate: \/none\.crt: no such file/,
    )
    assert.match(
      await refusal({ certificate, key: '/none.key' }),
      /http\.tls\.key: \/none\.key: no such file/,
    )
  })

  it('with the key of another certificate', async () => {
    const { chain: certificate } = certificates.server.ecdsa
    const { key } = certificates.server.rsa
    assert.match(
      await refusal({ certificate, key }),
      /http\.tls\.key: rsa\.key: the key does not match the certificate in ecdsa\.chain\.crt/,
    )
  })

  it('with a certificate that has expired', async () => {
    const { chain: certificate, key } = certificates.expired
    assert.match(
      await refusal({ certificate, key }),
      /http\.tls\.certificate: expired\.chain\.crt: the certificate expired at \d{4}-/,
    )
  })

  it('with client authorities that are none', async () => {
    const { chain: certificate, key } = certificates.server.ecdsa
    assert.match(
      await refusal({ certificate, key, clientcas: [key] }),
      /http\.tls\.clientcas: ecdsa\.key: no certificate in it/,
    )
  })
})
