import { after, before } from 'node:test'
import { describeDriver } from '../../src/storage/driver-contract.ts'
import { startVersitygw } from '../support/versitygw.ts'
import type { S3Server } from '../support/radosgw.ts'
import { findProgram } from '../support/require-program.ts'
import { makeBucket, s3UnderTest, type TestBucket } from '../support/s3-store.ts'
import { describeLargeObjects } from './s3-large-objects.ts'
import { describeNamesAndUrls } from './s3-names-and-urls.ts'

const isMissing = findProgram('versitygw') === undefined
if (isMissing && process.env['CI'])
  throw new Error('versitygw is not installed: run test/services/install.sh')

let server: S3Server
let bucket: TestBucket
before(async () => {
  if (isMissing) return
  server = await startVersitygw()
  bucket = await makeBucket(server)
})
after(async () => {
  if (isMissing) return
  bucket.client.destroy()
  await server.stop()
})

describeDriver('s3 (versitygw)', () => s3UnderTest(bucket), {
  ...(isMissing && { skip: 'versitygw is not installed: run test/services/install.sh' }),
})
if (!isMissing) {
  describeLargeObjects('versitygw', () => bucket)
  describeNamesAndUrls('versitygw', () => bucket)
}
