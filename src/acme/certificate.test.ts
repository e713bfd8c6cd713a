import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { run } from '../../test/support/run.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { makeCertificate } from '../../test/tls/certificates.ts'
import { generateKey, keyToPem, parseCertificate, toPem } from './certificate.ts'
import type { HostName } from './host-name.ts'

const host = 'registry.example.com' as HostName
const notBefore = new Date('2026-01-01T00:00:00Z')
const notAfter = new Date('2046-01-01T00:00:00Z')

describe('a cached certificate', () => {
  /** As Go's autocert writes it: SEC 1, then the chain. */
  let pem: string
  let rsa: string
  let otherKey: string
  before(async () => {
    const folder = temporaryFolder()
    const root = await makeCertificate(folder.path, { name: 'root', use: 'authority' })
    const issuer = await makeCertificate(folder.path, { name: 'issuer', use: 'authority', issuer: root })
    const options = { issuer, hosts: [host], notBefore, notAfter }
    const leaf = await makeCertificate(folder.path, { name: 'leaf', ...options })
    const { stdout: key } = await run('openssl', ['ec', '-in', leaf.key])
    pem = key + (await readFile(leaf.chain, 'utf8'))
    const rsaLeaf = await makeCertificate(folder.path, { name: 'rsa', key: 'rsa', ...options })
    rsa = (await readFile(rsaLeaf.key, 'utf8')) + (await readFile(rsaLeaf.chain, 'utf8'))
    otherKey = keyToPem(await generateKey())
    await folder.remove()
  })

  it('is read and written without the change of a byte', () => {
    const certificate = parseCertificate(pem, host)
    assert.equal(certificate.begins, notBefore.getTime())
    assert.equal(certificate.expires, notAfter.getTime())
    assert.match(certificate.key, /^-----BEGIN EC PRIVATE KEY-----\n/)
    assert.equal(certificate.chain.match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.equal(toPem(certificate), pem)
  })

  it('is written without what authorities put between the certificates', () => {
    const loose = pem.replaceAll('-----BEGIN CERT', '\n\nsubject=/CN=somebody\n-----BEGIN CERT')
    assert.equal(toPem(parseCertificate(`${loose}\n\n`, host)), pem)
  })

  it('must be of its host, and have the key that belongs to it', () => {
    const chain = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))
    const key = pem.slice(0, pem.indexOf('-----BEGIN CERTIFICATE'))
    assert.throws(() => parseCertificate(pem, 'other.example.com' as HostName), {
      message: 'the certificate is not for other.example.com',
    })
    assert.throws(() => parseCertificate(otherKey + chain, host), {
      message: 'key and certificate do not belong together',
    })
    assert.throws(() => parseCertificate(rsa, host), { message: 'the key is not of type EC' })
    for (const damaged of ['', key, chain, pem.replace('MII', 'XXX'), pem.slice(0, 60)])
      assert.throws(
        () => parseCertificate(damaged, host),
        (error: Error) => !error.message.includes('\n'),
      )
  })
})

describe('a new key', () => {
  it('is of P-256, and written as SEC 1', async () => {
    const key = await generateKey()
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    assert.match(keyToPem(key), /^-----BEGIN EC PRIVATE KEY-----\n[^-]+\n-----END EC PRIVATE KEY-----\n$/)
    assert.ok(createPrivateKey(keyToPem(key)).equals(key))
  })
})
