import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, it } from 'node:test'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { storagePath } from '../../src/storage/driver.ts'
import { checkS3 } from '../../src/storage/s3/check.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import { requireProgram } from '../support/require-program.ts'
import { s3Error, startS3Proxy } from '../support/s3-proxy.ts'
import { makeBucket } from '../support/s3-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startVersitygw } from '../support/versitygw.ts'
import { makeCertificate } from '../tls/certificates.ts'

const mib = 1024 ** 2
const part = 5 * mib
const path = storagePath('a/data')

describe('s3 on the wire', () => {
  it('names encryption, class and ACL whenever an object is made, and who asks', async (t) => {
    if (!requireProgram(t, 'versitygw')) return
    const server = await startVersitygw(t)
    const bucket = await makeBucket(server)
    const proxy = await startS3Proxy(server.port, t)
    const seen: { readonly what: string; readonly headers: IncomingHttpHeaders }[] = []
    // A gateway to files has no classes and keys: it gets the same request without them.
    proxy.fate = ({ method = '', url = '', headers }) => {
      const query = new URL(url, proxy.url).searchParams
      const isPart = query.has('partNumber') || query.has('uploadId')
      const copied = headers['x-amz-copy-source'] === undefined ? '' : 'copy '
      seen.push({ what: `${copied}${method}${isPart ? ' part' : ''}`, headers: { ...headers } })
      return isPart || method === 'GET' || method === 'HEAD' || method === 'DELETE'
        ? undefined
        : s3Error(501, 'NotImplemented')
    }
    const options: S3Options = bucket.options({
      endpoint: proxy.url,
      chunkSize: part,
      copyThreshold: part,
      encryption: { keyId: 'the-key' },
      storageClass: 'ONEZONE_IA',
      acl: 'bucket-owner-full-control',
      userAgent: 'berth-of-tests/1',
    })
    const driver = await createS3Driver(options)
    const plain = await createS3Driver(bucket.options({ rootDirectory: options.rootDirectory ?? '' }))
    await plain.create(storagePath('small'), source(pattern(10), 10))
    await plain.create(storagePath('large'), source(pattern(2 * part), mib))
    const makers = [
      () => driver.write(path, Buffer.from('x')),
      () => driver.write(path, Buffer.from('x'), { ifAbsent: true }),
      () => driver.create(path, source(pattern(10), 10)),
      () => driver.create(path, source(pattern(part + 1), mib)),
      () => driver.move(storagePath('small'), path),
      () => driver.move(storagePath('large'), path),
    ]
    for (const make of makers) await assert.rejects(make(), { code: 'STORAGE_UNAVAILABLE' })
    const made = seen.filter(({ what }) => !/^(?:GET|HEAD|DELETE)/.test(what))
    assert.deepEqual(
      made.map(({ what }) => what),
      ['PUT', 'PUT', 'PUT', 'POST', 'copy PUT', 'POST'],
    )
    for (const { what, headers } of made) {
      const given = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id']
      assert.deepEqual(
        [...given, 'x-amz-storage-class', 'x-amz-acl'].map((name) => headers[name]),
        ['aws:kms', 'the-key', 'ONEZONE_IA', 'bucket-owner-full-control'],
        what,
      )
      assert.match(headers['user-agent'] ?? '', /berth-of-tests\/1/)
      assert.equal(headers['expect'], undefined)
      assert.equal(headers['x-amz-trailer'], undefined)
    }
    const odd = Object.keys(seen.at(-1)?.headers ?? {}).filter((name) => name.includes('checksum'))
    assert.deepEqual(odd, [])
    await driver.close()
    await plain.close()
    bucket.client.destroy()
  })

  it('speaks TLS to whom it trusts, and says when it does not', async (t) => {
    if (!requireProgram(t, 'versitygw', 'openssl')) return
    const folder = temporaryFolder(t)
    const issuer = await makeCertificate(folder.path, { name: 'authority', use: 'authority' })
    const issued = await makeCertificate(folder.path, { name: 'store', issuer })
    const server = await startVersitygw(t, issued)
    const bucket = await makeBucket(server)
    const content = pattern(2 * part + 1)
    for (const trust of [{ skipVerify: true }, { caFile: issuer.certificate }]) {
      const options = bucket.options({ chunkSize: part, ...trust })
      await checkS3(options)
      const driver = await createS3Driver(options)
      await driver.create(path, source(content, mib))
      assert.ok((await drain(await driver.open(path))).equals(content))
      await driver.close()
    }
    await assert.rejects(
      checkS3(bucket.options({ patience: 200 })),
      /^StoreProblem: the certificate of the S3 store is not trusted .*set AWS_CA_BUNDLE .*skipverify/,
    )
    bucket.client.destroy()
  })
})
