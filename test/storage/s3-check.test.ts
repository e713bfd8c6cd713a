import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkS3 } from '../../src/storage/s3/check.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import { freePort } from '../support/free-port.ts'
import { requireProgram } from '../support/require-program.ts'
import { makeBucket } from '../support/s3-store.ts'
import { startVersitygw } from '../support/versitygw.ts'

describe('the self test of s3', () => {
  it('says in one line what is wrong and what to do', async (t) => {
    if (!requireProgram(t, 'versitygw')) return
    const server = await startVersitygw(t)
    const bucket = await makeBucket(server)
    const good = bucket.options({ patience: 200 })
    await checkS3(good)
    await checkS3({ ...good, addressing: 'auto' })
    assert.deepEqual(await bucket.keys(), [])

    const secretKey = 'a-wrong-secret'
    const accessKey = 'a-wrong-key'
    const closed = await freePort()
    const cases: readonly (readonly [Partial<S3Options>, RegExp])[] = [
      [{ bucket: 'absent' }, /^there is no bucket absent in the S3 store .*create it, or correct bucket$/],
      [
        { credentials: { ...server.keys, secretKey } },
        /^the secret key is not that of the access key .*correct secretkey$/,
      ],
      [
        { credentials: { ...server.keys, accessKey } },
        /^the S3 store knows no such access key .*correct accesskey$/,
      ],
      [
        { region: 'eu-west-1' },
        /^the bucket registry-\S+ is not in region eu-west-1: set region: us-east-1$/,
      ],
      [
        { endpoint: `http://127.0.0.1:${closed}` },
        /^nothing listens where the S3 store should be .*regionendpoint$/,
      ],
      [
        { endpoint: 'http://absent.invalid' },
        /^the S3 store's name is not known \(absent\.invalid, bucket registry-\S+\)/,
      ],
      [{ endpoint: `https://127.0.0.1:${server.port}` }, /^the S3 store speaks no TLS .*set secure: false/],
    ]
    for (const [change, expected] of cases) {
      const error: unknown = await checkS3({ ...good, ...change }).catch((reason: unknown) => reason)
      assert.ok(error instanceof Error, JSON.stringify(change))
      assert.match(error.message, expected)
      assert.ok(!error.message.includes('\n') && !error.message.includes(secretKey))
    }
    bucket.client.destroy()
  })
})
