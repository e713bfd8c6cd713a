import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeCertificates, type Certificates, type Issued } from '../../test/tls/certificates.ts'
import { run, words } from '../../test/support/run.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { TlsFiles } from './files.ts'
import { loadCertificates } from './load.ts'

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

function filesOf({ chain, key }: Issued, clientCas: readonly string[] = []): TlsFiles {
  return { certificate: chain, key, clientCas }
}

/** Writes a file of these contents. */
async function file(name: string, ...contents: readonly (string | Buffer)[]): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, Buffer.concat(contents.map((content) => Buffer.from(content))))
  return path
}

async function openssl(line: string): Promise<void> {
  await run('openssl', words(line))
}

/** The one line that loading fails with. */
async function refusal(change: Partial<TlsFiles>, now?: Date): Promise<string> {
  const files = { ...filesOf(certificates.server.ecdsa), ...change }
  const error = await loadCertificates(files, now).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Error, 'it is refused')
  assert.doesNotMatch(error.message, /\n/)
  assert.doesNotMatch(error.message, /-----/, 'nothing of a key is told')
  return error.message.replaceAll(`${folder.path}/`, '')
}

describe('certificates', () => {
  it('are loaded with their intermediates, for each type of key', async () => {
    for (const issued of Object.values(certificates.server)) {
      const loaded = await loadCertificates(filesOf(issued))
      const subjects = loaded.context.cert.match(/-----BEGIN CERTIFICATE-----/g)
      assert.equal(subjects?.length, 2)
      assert.equal(loaded.leaf.checkIssued(loaded.leaf), false)
      assert.equal(loaded.expires.getTime(), Date.parse(loaded.leaf.validTo))
      assert.deepEqual(loaded.context.ca, [])
    }
  })

  it('may have their root after them, and words between', async () => {
    const { server, root } = certificates
    const certificate = await file(
      'with-root.crt',
      'Bag Attributes\n  friendlyName: test\r\n',
      (await readFile(server.ecdsa.chain, 'utf8')).replaceAll('\n', '\r\n'),
      'the root:\n',
      await readFile(root.certificate),
    )
    const { context } = await loadCertificates({ ...filesOf(server.ecdsa), certificate })
    assert.equal(context.cert.match(/BEGIN/g)?.length, 3)
  })

  it('may share a file with their key, in any order', async () => {
    const { chain, key } = certificates.server.ecdsa
    for (const order of [[chain, key] as const, [key, chain] as const]) {
      const path = await file('together.pem', ...(await Promise.all(order.map((part) => readFile(part)))))
      const loaded = await loadCertificates({ certificate: path, key: path, clientCas: [] })
      assert.doesNotMatch(loaded.context.cert, /KEY/)
    }
  })

  it('may lie behind links', async () => {
    const { chain, key } = certificates.server.rsa
    const [certificate, linkedKey] = [join(folder.path, 'link.crt'), join(folder.path, 'link.key')]
    await symlink(chain, certificate)
    await symlink(key, linkedKey)
    await loadCertificates({ certificate, key: linkedKey, clientCas: [] })
  })

  it('that are not yet valid are taken', async () => {
    const future = new Date(Date.now() + 86_400_000)
    const issued = await certificates.issue({ name: 'future', notBefore: future })
    const { validFrom } = await loadCertificates(filesOf(issued))
    assert.ok(Math.abs(validFrom.getTime() - future.getTime()) < 2000)
  })

  it('that have expired are refused with the time', async () => {
    const { expired, server } = certificates
    const message = await refusal(filesOf(expired))
    assert.match(
      message,
      /^http\.tls\.certificate: expired\.chain\.crt: the certificate expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/,
    )
    const { expires } = await loadCertificates(filesOf(server.ecdsa))
    assert.match(await refusal({}, new Date(expires.getTime() + 1)), /expired at/)
    await loadCertificates(filesOf(server.ecdsa), expires)
  })
})

describe('keys', () => {
  it('may be PKCS#1, SEC 1 and PKCS#8', async () => {
    const { rsa, ecdsa } = certificates.server
    const [pkcs1, sec1] = [join(folder.path, 'pkcs1.key'), join(folder.path, 'sec1.key')]
    await openssl(`rsa -traditional -in ${rsa.key} -out ${pkcs1}`)
    await openssl(`ec -in ${ecdsa.key} -out ${sec1}`)
    assert.match(await readFile(pkcs1, 'utf8'), /BEGIN RSA PRIVATE KEY/)
    assert.match(await readFile(sec1, 'utf8'), /BEGIN EC PRIVATE KEY/)
    assert.match(await readFile(rsa.key, 'utf8'), /BEGIN PRIVATE KEY/)
    await loadCertificates({ ...filesOf(rsa), key: pkcs1 })
    await loadCertificates({ ...filesOf(ecdsa), key: sec1 })
  })

  it('may follow the parameters of their curve', async () => {
    const key = join(folder.path, 'parameters.key')
    await openssl(`ecparam -name prime256v1 -genkey -out ${key}`)
    assert.match(await readFile(key, 'utf8'), /EC PARAMETERS[^]*EC PRIVATE KEY/)
    const certificate = join(folder.path, 'parameters.crt')
    await openssl(`req -x509 -new -key ${key} -subj /CN=parameters -out ${certificate}`)
    await loadCertificates({ certificate, key, clientCas: [] })
  })

  it('that are encrypted are refused', async () => {
    const { rsa } = certificates.server
    const [modern, old] = [join(folder.path, 'encrypted.key'), join(folder.path, 'old.key')]
    await openssl(`pkcs8 -topk8 -in ${rsa.key} -passout pass:secret -out ${modern}`)
    await openssl(`rsa -traditional -aes128 -in ${rsa.key} -passout pass:secret -out ${old}`)
    assert.match(await readFile(old, 'utf8'), /Proc-Type/)
    const reason = 'the key is encrypted, and there is no place for its passphrase; store it without one'
    assert.equal(await refusal({ key: modern }), `http.tls.key: encrypted.key: ${reason}`)
    assert.equal(await refusal({ key: old }), `http.tls.key: old.key: ${reason}`)
  })

  it('of another certificate are refused', async () => {
    const { rsa, ecdsa, ed25519 } = certificates.server
    const same = await certificates.issue({ name: 'same-type' })
    for (const { key } of [rsa, ed25519, same])
      assert.match(
        await refusal({ key }),
        /^http\.tls\.key: \S+\.key: the key does not match the certificate in ecdsa\.chain\.crt$/,
      )
    await loadCertificates(filesOf(ecdsa))
  })

  it('of a certificate that is not the first are refused, and it is said where it is', async () => {
    const { ecdsa } = certificates.server
    const [own, intermediate] = [ecdsa.certificate, certificates.intermediate.certificate]
    const certificate = await file('wrong-order.crt', await readFile(intermediate), await readFile(own))
    assert.equal(
      await refusal({ certificate }),
      'http.tls.key: ecdsa.key: the key does not match the certificate in wrong-order.crt; it belongs to certificate 2 in that file, which must be the first',
    )
  })
})

describe('client authorities', () => {
  it('are all that all files hold', async () => {
    const { root, clientRoot, intermediate, server } = certificates
    const bundle = await file(
      'bundle.crt',
      await readFile(root.certificate),
      await readFile(clientRoot.certificate),
    )
    const { clientCas, context } = await loadCertificates(
      filesOf(server.ecdsa, [bundle, intermediate.certificate, root.certificate]),
    )
    assert.deepEqual(
      clientCas.map(({ subject }) => subject),
      ['CN=root', 'CN=client-root', 'CN=intermediate', 'CN=root'],
    )
    assert.equal(context.ca.length, 4)
  })

  it('must be there', async () => {
    const empty = await file('empty.crt')
    const nothing = await file('nothing.crt', 'no certificates today\n')
    assert.equal(
      await refusal({ clientCas: [certificates.root.certificate, empty] }),
      'http.tls.clientcas: empty.crt: no certificate in it: the file is empty',
    )
    assert.equal(
      await refusal({ clientCas: [nothing] }),
      'http.tls.clientcas: nothing.crt: no certificate in it: there is no PEM in it',
    )
    assert.equal(
      await refusal({ clientCas: ['/none/ca.crt'] }),
      'http.tls.clientcas: /none/ca.crt: no such file',
    )
  })
})

describe('files', () => {
  it('that are missing are named', async () => {
    assert.equal(
      await refusal({ certificate: '/none/a.crt' }),
      'http.tls.certificate: /none/a.crt: no such file',
    )
    assert.equal(await refusal({ key: '/none/a.key' }), 'http.tls.key: /none/a.key: no such file')
    await symlink('nowhere', join(folder.path, 'dangling.key'))
    assert.equal(
      await refusal({ key: join(folder.path, 'dangling.key') }),
      'http.tls.key: dangling.key: no such file',
    )
  })

  it('that are folders are named', async () => {
    assert.equal(await refusal({ key: '/tmp' }), 'http.tls.key: /tmp: it is a folder, not a file')
  })

  it('that this user may not read are named', async () => {
    // Root may read everything, so it is the reading that fails here.
    const files = filesOf(certificates.server.ecdsa)
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    const read = (path: string): Promise<Buffer> =>
      path === files.key ? Promise.reject(denied) : readFile(path)
    await assert.rejects(loadCertificates(files, new Date(), read), {
      message: `http.tls.key: ${files.key}: permission denied for the user of this process (uid ${process.getuid?.()})`,
    })
  })

  it('that were swapped are recognised', async () => {
    const { certificate, key } = certificates.server.ecdsa
    assert.equal(
      await refusal({ certificate: key }),
      'http.tls.certificate: ecdsa.key: no certificate in it: it holds PRIVATE KEY; are certificate and key swapped?',
    )
    assert.equal(
      await refusal({ key: certificate }),
      'http.tls.key: ecdsa.crt: no private key in it: it holds CERTIFICATE; are certificate and key swapped?',
    )
  })

  it('that are no PEM are refused, and it is said what they are', async () => {
    const { certificate, key } = certificates.server.ecdsa
    const der = join(folder.path, 'binary.der')
    await openssl(`x509 -in ${certificate} -outform der -out ${der}`)
    const pkcs12 = join(folder.path, 'bundle.p12')
    await openssl(`pkcs12 -export -in ${certificate} -inkey ${key} -passout pass:secret -out ${pkcs12}`)
    for (const path of [der, pkcs12])
      assert.match(
        await refusal({ certificate: path }),
        /^http\.tls\.certificate: \S+: no certificate in it: it is binary \(DER or PKCS#12\), but PEM is needed$/,
      )
    const keyDer = join(folder.path, 'key.der')
    await openssl(`pkey -in ${key} -outform der -out ${keyDer}`)
    assert.match(await refusal({ key: keyDer }), /key\.der: no private key in it: it is binary/)
  })

  it('that hold something else are refused with what they hold', async () => {
    const certificateRequest = join(folder.path, 'ecdsa.ca', 'request.pem')
    assert.match(await refusal({ certificate: certificateRequest }), /it holds CERTIFICATE REQUEST$/)
  })

  it('that are damaged are refused', async () => {
    const { chain, key } = certificates.server.ecdsa
    const text = await readFile(chain, 'utf8')
    const second = text.lastIndexOf('-----BEGIN') + 60
    const damaged = await file('damaged.crt', text.slice(0, second), '####', text.slice(second))
    assert.equal(
      await refusal({ certificate: damaged }),
      'http.tls.certificate: damaged.crt: certificate 2 in it is damaged',
    )
    // As when it is still being written.
    const half = await file('half.crt', text.slice(0, 300))
    assert.equal(
      await refusal({ certificate: half }),
      'http.tls.certificate: half.crt: no certificate in it: it breaks off in the middle',
    )
    const keyText = await readFile(key, 'utf8')
    const damagedKey = await file('damaged.key', keyText.replace(/\n\w{20}/, '\n'))
    assert.equal(
      await refusal({ key: damagedKey }),
      'http.tls.key: damaged.key: the private key in it is damaged, or of an unknown kind',
    )
  })

  it('that OpenSSL cannot use are refused with its reason', async () => {
    const [key, certificate] = [join(folder.path, 'small.key'), join(folder.path, 'small.crt')]
    await openssl(`genrsa -out ${key} 512`)
    await openssl(`req -x509 -new -sha256 -key ${key} -subj /CN=small -out ${certificate}`)
    assert.match(
      await refusal({ certificate, key }),
      /^http\.tls\.certificate: small\.crt: OpenSSL does not take it: ee key too small$/,
    )
  })
})
