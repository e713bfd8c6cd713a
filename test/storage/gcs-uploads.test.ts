import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { pattern, source } from '../../src/storage/contract/support.ts'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'
import type { GcsOptions } from '../../src/storage/gcs/options.ts'
import { type PieceFate, startUploadServer, type UploadServer } from './gcs-upload-server.ts'

const kib = 1024
const unit = 256 * kib
const path = storagePath('a/data')

interface Setting {
  readonly server: UploadServer
  readonly driver: StorageDriver
}

async function start(
  test: { after(work: () => unknown): void },
  change: Partial<GcsOptions> = {},
): Promise<Setting> {
  const server = await startUploadServer(test)
  const driver = await createGcsDriver({
    bucket: 'b',
    emulatorHost: server.url,
    chunkSize: 2 * unit,
    stall: 300,
    ...change,
  })
  test.after(() => driver.close())
  return { server, driver }
}

// They wait for clocks more than they work.
describe('uploads to gcs in pieces', { concurrency: 4 }, () => {
  it('send up to a chunk in one request, and more in pieces of it, the last with the length', async (t) => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    // The server takes no credentials where the URL is one.
    const credentials = { type: 'service_account', client_email: 'a@p.example', private_key: privateKey }
    const { server, driver } = await start(t, { credentials })
    for (const size of [0, 1, 2 * unit]) {
      assert.equal(await driver.create(path, source(pattern(size), 64 * kib)), size)
      assert.equal(server.objects.get('a/data')?.length, size)
    }
    assert.deepEqual(server.ranges, [])
    const content = pattern(4 * unit + 5)
    assert.equal(await driver.create(path, source(content, 60_000)), content.length)
    assert.ok(server.objects.get('a/data')?.equals(content))
    assert.deepEqual(server.ranges, [
      'bytes 0-524287/*',
      'bytes 524288-1048575/*',
      'bytes 1048576-1048580/1048581',
    ])
    server.ranges.length = 0
    await driver.create(path, source(pattern(4 * unit), 60_000))
    assert.equal(server.ranges.at(-1), 'bytes 524288-1048575/1048576')
  })

  it('end whole, whatever happens to whichever piece', async (t) => {
    const { server, driver } = await start(t)
    const content = pattern(6 * unit + 77)
    for (const fate of ['half', 'lose-answer', 'break', 'refuse', 'silence'] as const)
      for (let piece = 0; piece < 4; piece++) {
        server.objects.clear()
        const fates: PieceFate[] = Array.from({ length: piece }, () => 'take')
        server.fates = [...fates, fate, ...(piece === 1 ? [fate] : [])]
        assert.equal(await driver.create(path, source(content, 50_000)), content.length)
        assert.ok(server.objects.get('a/data')?.equals(content), `${fate} of piece ${piece}`)
        assert.deepEqual(server.fates, [])
      }
  })

  it('ask how far they came, before they send anything twice', async (t) => {
    const { server, driver } = await start(t)
    server.fates = ['take', 'break', 'lose-answer']
    const content = pattern(4 * unit)
    await driver.create(path, source(content, 50_000))
    assert.ok(server.objects.get('a/data')?.equals(content))
    assert.deepEqual(server.ranges, [
      'bytes 0-524287/*',
      'bytes 524288-1048575/1048576',
      'bytes */1048576',
      'bytes 786432-1048575/1048576',
      'bytes */1048576',
    ])
  })

  it('show nothing and are cancelled when the source breaks off, however late', async (t) => {
    const { server, driver } = await start(t)
    const failure = new Error('the client is gone')
    for (let at = 1; at <= 20; at++) {
      const content = pattern(5 * unit)
      await assert.rejects(
        driver.create(path, source(content, 64 * kib, at, failure)),
        (error) => error === failure,
      )
      assert.equal(server.objects.size, 0, `broken off before chunk ${at}`)
    }
    // The first 512 KiB go only when more comes.
    assert.equal(server.cancelled(), 12)
  })

  it('show nothing when the store fails for good, and say so in time', async (t) => {
    const { server, driver } = await start(t, { patience: 50 })
    for (const fate of ['forget', 'refuse', 'silence'] as const) {
      server.fates = ['take', ...Array.from({ length: 100 }, () => fate)]
      await assert.rejects(driver.create(path, source(pattern(7 * unit), 64 * kib)), {
        code: 'STORAGE_UNAVAILABLE',
      })
      assert.equal(server.objects.size, 0)
    }
    server.fates = []
    assert.equal(server.cancelled(), 3)
  })

  it('do not wait for ever for a store that takes nothing', async (t) => {
    const { server, driver } = await start(t, { chunkSize: unit })
    // Half of one unit is none.
    server.fates = Array.from({ length: 100 }, () => 'half')
    await assert.rejects(driver.create(path, source(pattern(3 * unit), 64 * kib)), {
      code: 'STORAGE_UNAVAILABLE',
    })
    assert.equal(server.objects.size, 0)
  })

  it('hold no more than two pieces of an upload, however fast it comes', async (t) => {
    const { server, driver } = await start(t, { stall: 20_000 })
    let given = 0
    let stored = (): number => server.ranges.length * 2 * unit
    async function* fast(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let index = 0; index < 80; index++) {
        yield pattern(128 * kib, index)
        given += 128 * kib
        assert.ok(given - stored() <= 6 * unit, `${given} bytes taken, ${stored()} on their way`)
      }
    }
    await driver.create(path, fast())
    stored = () => 0
    assert.equal(server.objects.get('a/data')?.length, 80 * 128 * kib)
  })
})
