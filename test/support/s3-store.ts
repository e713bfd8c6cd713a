import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  S3Client,
} from '@aws-sdk/client-s3'
import type { DriverUnderTest } from '../../src/storage/contract/support.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import type { S3Server } from './radosgw.ts'

/** A bucket of a test server, and a client that looks into it past the driver. */
export interface TestBucket {
  readonly name: string
  readonly client: S3Client
  /** What the driver needs to store in it, below a root of its own. */
  readonly options: (change?: Partial<S3Options>) => S3Options
  /** All keys below a prefix, sorted. */
  readonly keys: (prefix?: string) => Promise<string[]>
  /** Keys that multipart uploads are under way for. */
  readonly pending: (prefix?: string) => Promise<string[]>
}

/** Makes a bucket, of a name that no other has. The client is closed with the test's process. */
export async function makeBucket(
  server: S3Server,
  name: string = `registry-${randomUUID()}`,
): Promise<TestBucket> {
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: server.keys.accessKey, secretAccessKey: server.keys.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Looks past the driver, whose business it is whom to trust.
    requestHandler: { httpsAgent: { rejectUnauthorized: false } },
  })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  return {
    name,
    client,
    options: (change) => ({
      bucket: name,
      region: 'us-east-1',
      endpoint: server.url,
      addressing: 'path',
      credentials: server.keys,
      rootDirectory: randomUUID(),
      ...change,
    }),
    async keys(prefix = '') {
      const keys: string[] = []
      let token: string | undefined
      do {
        const page: ListObjectsV2CommandOutput = await client.send(
          new ListObjectsV2Command({
            Bucket: name,
            Prefix: prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        )
        keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key))
        token = page.NextContinuationToken
      } while (token !== undefined)
      return keys.toSorted()
    },
    async pending(prefix = '') {
      const page = await client.send(new ListMultipartUploadsCommand({ Bucket: name, Prefix: prefix }))
      return (page.Uploads ?? []).map(({ Key = '' }) => Key)
    },
  }
}

/** A driver on an empty root of its own, for the contract suite. */
export async function s3UnderTest(bucket: TestBucket): Promise<DriverUnderTest> {
  const options = bucket.options()
  const driver = await createS3Driver(options)
  const root = `${options.rootDirectory ?? ''}/`
  const objects = async (): Promise<readonly string[]> =>
    (await bucket.keys(root)).map((key) => key.slice(root.length))
  return {
    driver,
    objects,
    // Milliseconds a call, with both processors of the machine.
    effort: process.env['BERTH_FULL'] === undefined ? 0.03 : 1,
    async folders() {
      const found = new Set<string>()
      for (const path of await objects())
        for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
          found.add(path.slice(0, end))
      return [...found].toSorted()
    },
    async dispose() {
      await driver.close()
      await emptyOf(bucket, root)
    },
  }
}

async function emptyOf({ client, name, keys }: TestBucket, prefix: string): Promise<void> {
  const left = await keys(prefix)
  for (let start = 0; start < left.length; start += 1_000)
    await client.send(
      new DeleteObjectsCommand({
        Bucket: name,
        Delete: { Quiet: true, Objects: left.slice(start, start + 1_000).map((Key) => ({ Key })) },
      }),
    )
  const page = await client.send(new ListMultipartUploadsCommand({ Bucket: name, Prefix: prefix }))
  for (const { Key, UploadId } of page.Uploads ?? [])
    await client.send(new AbortMultipartUploadCommand({ Bucket: name, Key, UploadId }))
}
