import test from 'node:test'
import { requireProgram } from '../support/require-program.ts'
import { radosgwPrograms } from '../support/radosgw.ts'
import { sharedRadosgw } from '../support/shared-radosgw.ts'
import { sharedBucket, startReplicas } from '../support/replicas.ts'
import { makeBucket } from '../support/s3-store.ts'
import { testModel } from './model.ts'
import { replicaConfig } from './settings.ts'
import { testDeleting, testSharing } from './sharing.ts'

const isFull = process.env['BERTH_FULL'] !== undefined

void test('three replicas on one bucket', { concurrency: true }, async (t) => {
  if (!requireProgram(t, ...radosgwPrograms)) return
  const server = await sharedRadosgw(t)
  const bucket = await makeBucket(server, 'replicas')
  t.after(() => bucket.client.destroy())
  const config = replicaConfig
  const store = sharedBucket(server, bucket.name)
  const replicas = await startReplicas(store, [{ config }, { config }, { config }], t)
  await testSharing(t, replicas, { rounds: isFull ? 50 : 2 })
  await Promise.all([
    testDeleting(t, replicas, { rounds: isFull ? 50 : 2 }),
    testModel(t, replicas, { clients: isFull ? 4 : 2, operations: isFull ? 200 : 12 }),
  ])
})
