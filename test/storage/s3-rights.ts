import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { storagePath } from '../../src/storage/driver.ts'
import { checkS3 } from '../../src/storage/s3/check.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import { http } from '../support/http.ts'
import type { SharedRadosgw } from '../support/shared-radosgw.ts'
import { makeBucket, type TestBucket } from '../support/s3-store.ts'

/** What only a server with users, policies and quotas shows. */
export function describeRights(current: () => { server: SharedRadosgw; bucket: TestBucket }): void {
  describe('rights, quotas and clocks of s3 (radosgw)', () => {
    it('names the right that is missing', async () => {
      const { server } = current()
      const bucket = await makeBucket(server, 'rights')
      const keys = { accessKey: 'OTHER', secretKey: 'theirs' }
      await server.admin(
        `user create --uid=other --display-name=other --access-key=${keys.accessKey} --secret-key=${keys.secretKey}`,
      )
      const options = bucket.options({ credentials: keys })
      await assert.rejects(checkS3(options), /forbids s3:ListBucket .*arn:aws:s3:::rights$/)
      const rights = [
        's3:ListBucket',
        's3:PutObject',
        's3:GetObject',
        's3:AbortMultipartUpload',
        's3:DeleteObject',
      ]
      for (let given = 1; given < rights.length; given++) {
        await allow(bucket, rights.slice(0, given))
        // To Ceph an object is the property of who wrote it.
        if (rights[given] === 's3:GetObject') continue
        await assert.rejects(
          checkS3(options),
          new RegExp(`forbids ${rights[given]} .*arn:aws:s3:::rights/\\*$`),
        )
        await checkS3(options, { readOnly: true })
      }
      await allow(bucket, rights)
      await checkS3(options)
      assert.deepEqual(
        (await bucket.keys()).filter((key) => !key.includes('/probes/')),
        [],
      )
      bucket.client.destroy()
    })

    it('goes by the clock of the store, and says when ours is wrong', async () => {
      const { bucket } = current()
      const now = Date.now()
      for (const minutes of [20, -20]) {
        mock.timers.enable({ apis: ['Date'], now: now + minutes * 60_000 })
        try {
          const options = bucket.options()
          const warnings: string[] = []
          await checkS3(options, { warn: (line) => warnings.push(line) })
          assert.equal(warnings.length, 1)
          assert.match(
            warnings[0] ?? '',
            /^the clock of this machine is (?:19|20|21) minutes (?:ahead of|behind) .*: set the clock \(NTP\)$/,
          )
          const driver = await createS3Driver(options)
          const path = storagePath('a/b')
          assert.equal(await driver.write(path, Buffer.from('x')), true)
          assert.equal((await driver.read(path))?.toString(), 'x')
          const url = await driver.signedUrl?.(path, { method: 'GET', expires: 60 })
          assert.equal((await http('GET', url?.href ?? '')).status, 200)
          await driver.close()
        } finally {
          mock.timers.reset()
        }
      }
    })

    it('says that the store is full when it is', async () => {
      const { server, bucket } = current()
      const driver = await createS3Driver(bucket.options({ patience: 2_000 }))
      await server.admin(`quota set --uid=${server.uid} --quota-scope=user --max-size=1K`)
      await server.admin(`quota enable --uid=${server.uid} --quota-scope=user`)
      try {
        await assert.rejects(driver.write(storagePath('a/b'), Buffer.alloc(100_000)), {
          code: 'STORAGE_FULL',
        })
      } finally {
        await server.admin(`quota disable --uid=${server.uid} --quota-scope=user`)
      }
      await driver.close()
    })
  })
}

async function allow({ client, name }: TestBucket, rights: readonly string[]): Promise<void> {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam:::user/other'] },
        Action: rights,
        Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
      },
    ],
  })
  await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy }))
}
