import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { FilesystemDriver } from '../../src/storage/filesystem/driver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  locationPath,
  newBlob,
  octets,
  pushBlob,
  startUpload,
  withDigest,
  writeRaw,
  zeroBytes,
  type Content,
} from './content.ts'
import { outcome, startParts, type TestServer } from './in-process.ts'

interface OnDisk extends TestServer {
  /** Where the bytes of a blob lie. */
  file(blob: Content): string
}

async function startOnDisk(t: test.TestContext): Promise<OnDisk> {
  const root = temporaryFolder(t).path
  const server = await startParts(t, { driver: new FilesystemDriver({ rootDirectory: root }) })
  const file = ({ digest }: Content): string => {
    const hex = digest.slice('sha256:'.length)
    return join(root, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
  }
  return { ...server, file }
}

const path = (repository: string, { digest }: Content): string => `/v2/${repository}/blobs/${digest}`

/** The right bytes, framed rightly (which every call checks), or none. */
async function checkGet(server: TestServer, repository: string, blob: Content): Promise<string> {
  const answer = await server.call('GET', path(repository, blob))
  if (answer.status !== 200) assert.equal(outcome(answer), '404 BLOB_UNKNOWN')
  else {
    assert.equal(answer.headers['content-length'], String(blob.content.length))
    assert.ok(answer.body.equals(blob.content), 'other bytes than the digest says')
  }
  return outcome(answer)
}

// In memory, in one buffer, in several.
const sizes = [10, 65_536, 65_537, 2_000_000]

for (const size of sizes) {
  void test(`a blob of ${size} bytes that was cut to none`, async (t) => {
    const server = await startOnDisk(t)
    const push: Readonly<Record<string, (blob: Content) => Promise<void>>> = {
      'one request': (blob) => pushBlob(server, 'r', blob),
      'an upload': async (blob) => {
        const start = await startUpload(server, 'r')
        const patch = await server.call('PATCH', start, { headers: octets, body: blob.content })
        const put = await server.call('PUT', withDigest(locationPath(patch), blob.digest))
        assert.equal(put.status, 201)
      },
    }
    for (const [way, pushAgain] of Object.entries(push)) {
      for (const isKnown of [false, true]) {
        await t.test(
          `is not there, and healed by ${way}${isKnown ? ', after it was read' : ''}`,
          async () => {
            const blob = newBlob(size)
            await pushBlob(server, 'r', blob)
            if (isKnown) assert.equal(await checkGet(server, 'r', blob), '200')
            truncateSync(server.file(blob), 0)
            const head = await server.call('HEAD', path('r', blob))
            assert.equal(head.status, 404)
            // What the process knew of it, it forgot.
            assert.equal(await checkGet(server, 'r', blob), '404 BLOB_UNKNOWN')
            const mount = `/v2/other/blobs/uploads/?mount=${blob.digest}&from=r`
            assert.equal((await server.call('POST', mount)).status, 202, 'nor can it be mounted')

            await pushAgain(blob)
            const healed = await server.call('HEAD', path('r', blob))
            assert.equal(healed.status, 200)
            assert.equal(healed.headers['content-length'], String(size))
            assert.equal(await checkGet(server, 'r', blob), '200')
          },
        )
      }
    }
  })
}

void test('the blob of no bytes is there', async (t) => {
  const server = await startOnDisk(t)
  await pushBlob(server, 'r', zeroBytes)
  assert.equal((await server.call('HEAD', path('r', zeroBytes))).status, 200)
  assert.equal(await checkGet(server, 'r', zeroBytes), '200')
})

void test('a small blob whose size changes on disk', async (t) => {
  const server = await startOnDisk(t)
  // Small is, what is not larger than 64 KiB on disk.
  for (const size of [10, 65_535]) {
    for (const [what, other] of [
      ['shorter', Buffer.alloc(size - 1, 'x')],
      ['longer', Buffer.alloc(size + 1, 'x')],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      for (const isRead of [false, true]) {
        await t.test(`${size} bytes, ${what}${isRead ? ', after it was read' : ''}`, async () => {
          const blob = newBlob(size)
          await pushBlob(server, 'r', blob)
          if (isRead) assert.equal(await checkGet(server, 'r', blob), '200')
          writeFileSync(server.file(blob), other)
          await checkGet(server, 'r', blob)
          await linkElsewhere(server, blob)
          await checkGet(server, 'linked', blob)
          await checkGet(server, 'r', blob)
          const range = await server.call('GET', path('linked', blob), { headers: { Range: 'bytes=0-3' } })
          if (range.status === 206) assert.deepEqual(range.body, blob.content.subarray(0, 4))
          else assert.equal(outcome(range), '404 BLOB_UNKNOWN')

          await pushBlob(server, 'r', blob)
          for (const repository of ['r', 'linked'])
            assert.equal(await checkGet(server, repository, blob), '200', 'a push heals it')
        })
      }
    }
  }
})

void test('a large blob whose size changes on disk is never framed by the size it had', async (t) => {
  const server = await startOnDisk(t)
  for (const size of [65_537, 2_000_000]) {
    for (const change of [-1, 1]) {
      await t.test(`${size} bytes, and ${change}`, async () => {
        const blob = newBlob(size)
        await pushBlob(server, 'r', blob)
        writeFileSync(server.file(blob), Buffer.alloc(size + change, 'x'))
        // The length that it was pushed with is remembered, and found to be wrong before anything is sent.
        const first = await server.call('GET', path('r', blob), { headers: { Range: `bytes=${size - 10}-` } })
        assert.equal(outcome(first), '404 BLOB_UNKNOWN')
        await linkElsewhere(server, blob)
        for (const repository of ['linked', 'r']) {
          const answer = await server.call('GET', path(repository, blob))
          if (answer.status === 200) assert.equal(answer.body.length, size + change)
          else assert.equal(outcome(answer), '404 BLOB_UNKNOWN')
        }
        await pushBlob(server, 'r', blob)
        assert.equal(await checkGet(server, 'r', blob), '200')
      })
    }
  }
})

/** Another repository, of which nothing is remembered, so that the size is the one on disk. */
async function linkElsewhere(server: TestServer, blob: Content): Promise<void> {
  const link = `repositories/linked/_layers/${blob.digest.replace(':', '/')}/link`
  await writeRaw(server, link, blob.digest)
}
