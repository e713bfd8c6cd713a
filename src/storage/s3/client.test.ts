import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { storagePath } from '../driver.ts'
import { createS3Driver } from './driver.ts'
import type { S3Options } from './options.ts'

/** Where an object is, without asking anybody: what a signed URL says. */
async function placeOf(change: Partial<S3Options>): Promise<string> {
  const driver = await createS3Driver({
    bucket: 'images',
    region: 'eu-central-1',
    credentials: { accessKey: 'key', secretKey: 'secret' },
    ...change,
  })
  const url = await driver.signedUrl?.(storagePath('a/b'), { method: 'GET', expires: 60 })
  await driver.close()
  return `${url?.origin}${url?.pathname}`
}

describe('the addresses of S3', () => {
  it('are what the parameters say', async () => {
    const amazon = 'https://images.s3.eu-central-1.amazonaws.com/a/b'
    const cases: readonly (readonly [Partial<S3Options>, string])[] = [
      [{}, amazon],
      [{ rootDirectory: '/x/' }, 'https://images.s3.eu-central-1.amazonaws.com/x/a/b'],
      [{ secure: false }, amazon.replace('https', 'http')],
      [{ addressing: 'path' }, 'https://s3.eu-central-1.amazonaws.com/images/a/b'],
      [{ dualStack: true }, 'https://images.s3.dualstack.eu-central-1.amazonaws.com/a/b'],
      [{ accelerate: true }, 'https://images.s3-accelerate.amazonaws.com/a/b'],
      [{ fips: true, region: 'us-gov-west-1' }, 'https://images.s3-fips.us-gov-west-1.amazonaws.com/a/b'],
      [{ region: 'cn-north-1' }, 'https://images.s3.cn-north-1.amazonaws.com.cn/a/b'],
      [{ endpoint: 'https://store.example', addressing: 'host' }, 'https://images.store.example/a/b'],
      [{ endpoint: 'store.example:9000', addressing: 'path' }, 'https://store.example:9000/images/a/b'],
      [
        { endpoint: 'store.example:9000', addressing: 'path', secure: false, dualStack: true },
        'http://store.example:9000/images/a/b',
      ],
      [{ redirectEndpoint: 'http://cdn.example:81' }, 'http://cdn.example:81/a/b'],
    ]
    for (const [change, expected] of cases)
      assert.equal(await placeOf(change), expected, JSON.stringify(change))
  })
})
