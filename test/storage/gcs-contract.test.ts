import { after, before } from 'node:test'
import { describeDriver } from '../../src/storage/driver-contract.ts'
import {
  type FakeGcs,
  type GcsBucket,
  gcsUnderTest,
  makeGcsBucket,
  startFakeGcs,
  withoutFakeGcs,
} from '../support/fake-gcs.ts'

const skip = withoutFakeGcs()

let server: FakeGcs
let bucket: GcsBucket
before(async () => {
  if (skip !== undefined) return
  server = await startFakeGcs()
  bucket = await makeGcsBucket(server)
})
after(async () => {
  if (skip === undefined) await server.stop()
})

describeDriver('gcs', () => gcsUnderTest(bucket), { ...(skip !== undefined && { skip }) })
