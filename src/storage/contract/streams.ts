import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ByteRange, storagePath } from '../driver.ts'
import { collect, drain, type DriverUnderTest, pattern, source } from './support.ts'

const mib = 1024 * 1024

export function describeStreams(current: () => DriverUnderTest): void {
  it('creates objects of any size from chunks of any size', async () => {
    const { driver } = current()
    const cases: readonly (readonly [number, number])[] = [
      [0, 1],
      [1, 1],
      [71, 10],
      [3_000, 1],
      [64 * 1024, 64 * 1024],
      [256 * 1024, 64 * 1024],
      [512 * 1024, 64 * 1024],
      [512 * 1024 + 1, 512 * 1024],
      [5 * mib, 64 * 1024],
      [5 * mib + 77, 12_345],
      [3 * mib, 3 * mib],
    ]
    for (const [size, chunk] of cases) {
      const path = storagePath(`a/${size}-${chunk}`)
      const content = pattern(size, chunk)
      assert.equal(await driver.create(path, source(content, chunk)), size)
      assert.equal((await driver.stat(path))?.size, size)
      assert.ok((await drain(await driver.open(path))).equals(content), `${size} bytes by ${chunk}`)
    }
    assert.equal((await current().objects()).length, cases.length)
  })

  it('takes empty chunks, and replaces what was there', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    await driver.create(path, source(pattern(1_000), 100))
    assert.equal(await driver.create(path, listed(['', 'ab', '', 'c']), { durable: false }), 3)
    assert.deepEqual(await driver.read(path), Buffer.from('abc'))
  })

  it('leaves nothing when the source breaks off, wherever it does, and passes on its error', async () => {
    const { driver } = current()
    const path = storagePath('a/b/data')
    const content = pattern(mib)
    const failure = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' })
    for (let at = 0; at <= 16; at++) {
      await assert.rejects(
        driver.create(path, source(content, 64 * 1024, at, failure)),
        (error) => error === failure,
      )
      assert.equal(await driver.stat(path), undefined)
      assert.deepEqual(await current().objects(), [])
    }
    await driver.write(path, Buffer.from('old'))
    await assert.rejects(driver.create(path, source(content, 64 * 1024, 3, failure)))
    assert.deepEqual(await driver.read(path), Buffer.from('old'))
  })

  it('shows nothing of an object before it is whole', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let index = 0; index < 20; index++) {
        yield pattern(64 * 1024, index)
        assert.equal(await driver.stat(path), undefined)
        assert.deepEqual(await collect(driver.list(storagePath('a'))), [])
      }
    }
    assert.equal(await driver.create(path, watched()), 20 * 64 * 1024)
  })

  it('reads ranges', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    const size = mib + 12_345
    const content = pattern(size)
    await driver.create(path, source(content, 64 * 1024))
    const ranges: readonly ByteRange[] = [
      { start: 0, end: 0 },
      { start: size - 1, end: size - 1 },
      { start: 0, end: 4_095 },
      { start: 500_000, end: 500_000 },
      { start: 262_143, end: 262_144 },
      { start: 262_144, end: 524_287 },
      { start: 1, end: size - 2 },
      { start: size - 300_000, end: size - 1 },
      { start: 0, end: size - 1 },
    ]
    for (const range of ranges) {
      const object = await driver.open(path, range)
      assert.equal(object?.size, size)
      const bytes = await drain(object)
      assert.ok(bytes.equals(content.subarray(range.start, range.end + 1)), JSON.stringify(range))
    }
  })

  it('reads the chunk in hand undisturbed while the next is on its way', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    const content = pattern(3 * mib)
    await driver.create(path, source(content, 64 * 1024))
    const object = await driver.open(path)
    assert.ok(object !== undefined)
    let position = 0
    for await (const chunk of object) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      assert.ok(content.subarray(position, position + chunk.length).equals(chunk))
      position += chunk.length
    }
    assert.equal(position, content.length)
  })

  it('serves many readers at once, some of which leave early', async () => {
    const { driver } = current()
    const contents = Array.from({ length: 4 }, (_, index) => pattern(mib + index, index))
    await Promise.all(
      contents.map((content, index) => driver.create(storagePath(`a/${index}`), source(content, 64 * 1024))),
    )
    const read = async (reader: number): Promise<void> => {
      const index = reader % contents.length
      const object = await driver.open(storagePath(`a/${index}`))
      assert.ok(object !== undefined)
      let position = 0
      for await (const chunk of object) {
        if (reader % 3 === 0 && position > 0) return
        assert.ok(contents[index]?.subarray(position, position + chunk.length).equals(chunk))
        position += chunk.length
      }
      assert.equal(position, contents[index]?.length)
    }
    await Promise.all(Array.from({ length: 60 }, (_, reader) => read(reader)))
  })

  it('lets go of an object that is not read, or not to its end, however often it is told', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    await driver.create(path, source(pattern(4 * mib), 64 * 1024))

    const unread = await driver.open(path)
    await unread?.close()
    await unread?.close()

    const broken = await driver.open(path)
    assert.ok(broken !== undefined)
    for await (const chunk of broken) {
      assert.ok(chunk.length > 0)
      break
    }
    await Promise.all([broken.close(), broken.close()])

    const closed = await driver.open(path)
    assert.ok(closed !== undefined)
    await assert.rejects(
      async () => {
        for await (const _ of closed) await closed.close()
      },
      { code: 'STORAGE_UNAVAILABLE' },
      'an object closed while it is read must not look whole',
    )
    await assert.rejects(drain(closed))
  })

  it('goes on reading an object that is removed meanwhile, or fails', async () => {
    const { driver } = current()
    const path = storagePath('a/data')
    const content = pattern(2 * mib)
    await driver.create(path, source(content, 64 * 1024))
    const object = await driver.open(path)
    await driver.delete(path)
    const outcome = await drain(object).catch((error: unknown) => error)
    if (Buffer.isBuffer(outcome)) assert.ok(outcome.equals(content))
    else assert.equal((outcome as { code?: unknown }).code, 'STORAGE_UNAVAILABLE')
  })
}

async function* listed(texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield Buffer.from(text)
}
