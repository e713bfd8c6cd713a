import { after, before } from 'node:test'
import { describeDriver } from '../../src/storage/driver-contract.ts'
import { radosgwPrograms } from '../support/radosgw.ts'
import { findProgram } from '../support/require-program.ts'
import { sharedRadosgw, type SharedRadosgw } from '../support/shared-radosgw.ts'
import { makeBucket, s3UnderTest, type TestBucket } from '../support/s3-store.ts'
import { describeDistribution } from './s3-distribution.ts'
import { describeLargeObjects } from './s3-large-objects.ts'
import { describeNamesAndUrls } from './s3-names-and-urls.ts'
import { describeRights } from './s3-rights.ts'

const isMissing = radosgwPrograms.some((name) => findProgram(name) === undefined)
if (isMissing && process.env['CI']) throw new Error('radosgw is not installed: run test/services/install.sh')

let server: SharedRadosgw
let bucket: TestBucket
before(async () => {
  if (isMissing) return
  server = await sharedRadosgw()
  bucket = await makeBucket(server)
})
after(async () => {
  if (isMissing) return
  bucket.client.destroy()
  await server.stop()
})

describeDriver('s3 (radosgw)', () => s3UnderTest(bucket), {
  ...(isMissing && { skip: 'radosgw is not installed: run test/services/install.sh' }),
})
if (!isMissing) {
  describeLargeObjects('radosgw', () => bucket)
  describeNamesAndUrls('radosgw', () => bucket)
  describeDistribution(() => ({ server, bucket }))
  describeRights(() => ({ server, bucket }))
}
