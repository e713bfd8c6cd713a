import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import type { Context } from '../../src/registry/context.ts'
import { digestOf } from '../../src/registry/digest.ts'
import { RegistryError } from '../../src/registry/errors.ts'
import { parseRepositoryName } from '../../src/registry/name.ts'
import type { Registry } from '../../src/registry/registry.ts'
import type { UploadId } from '../../src/registry/upload-id.ts'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import { blobData, uploadsFolder } from '../../src/stored/paths.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import { purgeUploads } from '../../src/stored/upload-purge.ts'
import { take } from '../../src/util/iterables.ts'
import { startParts } from '../http/in-process.ts'
import { http } from '../support/http.ts'
import { radosgwPrograms } from '../support/radosgw.ts'
import { sharedRadosgw, type SharedRadosgw } from '../support/shared-radosgw.ts'
import { startRegistry } from '../support/registry-process.ts'
import { findProgram } from '../support/require-program.ts'
import { type Counts, S3Counter, totalOf, withoutParts } from '../support/s3-counter.ts'
import { startS3Proxy } from '../support/s3-proxy.ts'
import { makeBucket, type TestBucket } from '../support/s3-store.ts'
import { requestReport, type RequestRow } from './request-report.ts'
import { scenarios } from './request-scenarios.ts'

const isMissing = [...radosgwPrograms, 'distribution3'].some((name) => findProgram(name) === undefined)
if (isMissing && process.env['CI'])
  throw new Error('radosgw or distribution3 is missing: run test/services/install.sh')

const isFull = process.env['BERTH_FULL'] !== undefined
const mib = 1024 ** 2
const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const [tags, repositories] = isFull ? [10_000, 2_000] : [60, 20]

/** Begins an upload and brings these chunks. */
async function uploadOf(registry: Registry, chunks: readonly Buffer[]): Promise<UploadId> {
  const { id } = await registry.startUpload(context, name)
  for (const content of chunks)
    await registry.appendUpload(context, name, id, { source: source(content, 64 * 1024) })
  return id
}

describe(
  'uploads to an object store (radosgw)',
  { skip: isMissing && 'radosgw or distribution3 is missing' },
  () => {
    let server: SharedRadosgw
    let bucket: TestBucket
    before(async () => {
      server = await sharedRadosgw()
      bucket = await makeBucket(server)
    })
    after(async () => {
      bucket.client.destroy()
      await server.stop()
    })

    it('cost at most half as many requests as with Distribution 3, operation by operation', async (t) => {
      const proxy = await startS3Proxy(server.port, t)
      const counter = new S3Counter(proxy)
      const theirs = await startRegistry(
        { kind: 'distribution3', config: { storage: theirStorage(proxy.url) } },
        t,
      )
      const driver = await createS3Driver(bucket.options({ endpoint: proxy.url, rootDirectory: 'ours' }))
      const theirStore = await createS3Driver(bucket.options({ rootDirectory: 'theirs' }))
      const ourStore = await createS3Driver(bucket.options({ rootDirectory: 'ours' }))
      t.after(() => Promise.all([driver, theirStore, ourStore].map((store) => store.close())))
      const ours = await startParts(t, { driver, settings: { redirectsBlobs: false } })
      const rows: RequestRow[] = []
      // Each keeps what it pushed.
      const [mine, other] = [scenarios(tags, repositories), scenarios(tags, repositories)]
      for (const [index, scenario] of mine.entries()) {
        const count = async (run: (url: string) => Promise<void>, url: string): Promise<Counts> => {
          if (scenario.isAgain === true) await run(url)
          counter.take()
          await run(url)
          return counter.take()
        }
        await scenario.prepare?.(ourStore)
        const our = await count(scenario.run, ours.url)
        await other[index]?.prepare?.(theirStore)
        const their = await count(other[index]?.run ?? (async () => {}), theirs.url)
        rows.push({ title: scenario.title, ours: our, theirs: their })
        assert.ok(totalOf(our) <= scenario.most, `${scenario.title}: ${JSON.stringify(our)}`)
        // Bytes are sent in parts and copied in parts by both, with the same sizes.
        const [most, least] = [withoutParts(their), withoutParts(our)]
        if (scenario.isPush === true) assert.ok(least * 2 <= most, `${scenario.title}: ${least} of ${most}`)
      }
      const report = process.env['BERTH_S3_REPORT']
      if (report !== undefined) writeFileSync(report, requestReport(rows))
    })

    it('are told the least size of a chunk, and smaller ones are taken', async (t) => {
      const driver = await createS3Driver(bucket.options())
      t.after(() => driver.close())
      const { url } = await startParts(t, { driver })
      const begun = await http('POST', `${url}/v2/team/app/blobs/uploads/`)
      assert.equal(begun.headers['oci-chunk-min-length'], String(5 * mib))
      const sent = await http('PATCH', new URL(begun.headers.location ?? '', url).href, {
        body: Buffer.from('small'),
      })
      assert.equal(sent.status, 202)
      assert.equal(sent.headers['oci-chunk-min-length'], undefined)
    })

    it('come in many small chunks, each as cheap as the first, through whatever replica', async (t) => {
      const chunk = isFull ? mib : 4 * 1024
      // More than 1,000 names, which is what a listing gives at once.
      const count = isFull ? 1_024 : 520
      let requests = 0
      const open = async (): Promise<Registry> => {
        const driver = await createS3Driver({ ...options, onRequest: () => requests++ })
        t.after(() => driver.close())
        return createStoredRegistry(driver)
      }
      const options = bucket.options()
      const replicas = [await open(), await open()]
      const at = (index: number): Registry => replicas[index % 2] as Registry
      const { id } = await at(0).startUpload(context, name)
      const hash = createHash('sha256')
      for (let index = 0; index < count; index++) {
        const content = pattern(chunk, index)
        hash.update(content)
        requests = 0
        await at(index).appendUpload(context, name, id, {
          offset: index * chunk,
          source: source(content, 64 * 1024),
        })
        // The folder, the bytes, their marker, the folder.
        assert.ok(requests <= 4, `${requests} requests at chunk ${index}`)
      }
      requests = 0
      const digest = digestOf(Buffer.alloc(0)).replace(/:.*/, `:${hash.digest('hex')}`) as ReturnType<
        typeof digestOf
      >
      const start = performance.now()
      await at(0).commitUpload(context, name, id, digest)
      t.diagnostic(
        `${count} chunks of ${chunk} bytes: commit ${Math.round(performance.now() - start)} ms, ${requests} requests`,
      )
      assert.ok(requests <= count + (isFull ? 130 : 20), `${requests} requests`)
      assert.deepEqual(
        await bucket.keys(`${options.rootDirectory}/docker/registry/v2/repositories/team/app/_uploads`),
        [],
      )
    })

    it('of large chunks are put together by the store, unread when this process took them all', async (t) => {
      const counts: Record<string, number> = {}
      const driver = await createS3Driver(
        bucket.options({ onRequest: ({ operation }) => (counts[operation] = (counts[operation] ?? 0) + 1) }),
      )
      t.after(() => driver.close())
      for (const isSame of [true, false]) {
        const registry = createStoredRegistry(driver)
        const chunks = [5 * mib, 6 * mib, 100].map((size) => pattern(size, size + Number(isSame)))
        const whole = Buffer.concat(chunks)
        const id = await uploadOf(registry, chunks)
        const committing = isSame ? registry : createStoredRegistry(driver)
        const reads = counts['GetObject'] ?? 0
        const wrong = digestOf(whole.subarray(1))
        if (!isSame) {
          const other = await uploadOf(registry, chunks)
          await assert.rejects(committing.commitUpload(context, name, other, wrong), {
            code: 'DIGEST_INVALID',
          })
          assert.equal(await driver.stat(blobData(wrong)), undefined)
        }
        await committing.commitUpload(context, name, id, digestOf(whole))
        assert.ok((await drain(await driver.open(blobData(digestOf(whole))))).equals(whole))
        // The last one is too small to be copied: it is read and sent. And the test reads once.
        if (isSame) assert.equal((counts['GetObject'] ?? 0) - reads, 2)
      }
    })

    it('race through two replicas: one chunk of two counts, and both commits are one', async (t) => {
      const options = bucket.options()
      const drivers = [await createS3Driver(options), await createS3Driver(options)] as const
      t.after(() => Promise.all(drivers.map((driver) => driver.close())))
      const [a, b] = drivers.map(createStoredRegistry) as [Registry, Registry]
      let refused = 0
      for (let round = 0; round < (isFull ? 100 : 12); round++) {
        const { id } = await a.startUpload(context, name)
        const contents = [pattern(1_000 + round, round), pattern(2_000, round)]
        const answers = await Promise.allSettled(
          contents.map(async (content, index) => {
            const chunk = { offset: 0, source: source(content, 100) }
            await (index === 0 ? a : b).appendUpload(context, name, id, chunk)
          }),
        )
        const accepted = contents.filter((_, index) => answers[index]?.status === 'fulfilled')
        assert.ok(accepted.length <= 1)
        refused += 2 - accepted.length
        const { size } = await b.uploadStatus(context, name, id)
        assert.equal(size, accepted[0]?.length ?? 0)
        const whole = Buffer.concat([...accepted, contents[0] as Buffer])
        await b.appendUpload(context, name, id, { offset: size, source: source(contents[0] as Buffer, 100) })
        const commits = await Promise.allSettled(
          [a, b].map((registry) => registry.commitUpload(context, name, id, digestOf(whole))),
        )
        assert.ok(commits.some(({ status }) => status === 'fulfilled'))
        for (const commit of commits)
          if (commit.status === 'rejected') {
            assert.ok(commit.reason instanceof RegistryError)
            assert.equal(commit.reason.code, 'BLOB_UPLOAD_UNKNOWN')
          }
        assert.ok((await drain(await drivers[0].open(blobData(digestOf(whole))))).equals(whole))
        assert.deepEqual(await take(drivers[0].list(uploadsFolder(name)), 10), [])
      }
      assert.ok(refused > 0)
    })

    it('that nobody finished are purged with their parts, and only counted in a dry run', async (t) => {
      const options = bucket.options()
      const driver = await createS3Driver(options)
      t.after(() => driver.close())
      const root = `${options.rootDirectory}/`
      const Key = `${root}${uploadsFolder(name)}/x/data`
      await bucket.client.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key }))
      await createStoredRegistry(driver).startUpload(context, name)
      const age = { age: 3_600_000, dryRun: false }
      assert.equal(await purgeUploads(driver, age, context.log), 0)
      for (const dryRun of [true, false]) {
        // As if a minute had passed: S3 dates by the second, and clocks differ.
        assert.equal(await purgeUploads(driver, { age: -60_000, dryRun }, context.log), 2)
        assert.deepEqual((await bucket.pending(root)).length, dryRun ? 1 : 0)
        assert.equal((await bucket.keys(root)).length, dryRun ? 1 : 0)
      }
    })

    function theirStorage(url: string): Readonly<Record<string, unknown>> {
      const { accessKey, secretKey } = server.keys
      return {
        filesystem: null,
        s3: {
          accesskey: accessKey,
          secretkey: secretKey,
          region: 'us-east-1',
          regionendpoint: url,
          forcepathstyle: true,
          bucket: bucket.name,
          rootdirectory: '/theirs',
        },
        redirect: { disable: true },
      }
    }
  },
)
