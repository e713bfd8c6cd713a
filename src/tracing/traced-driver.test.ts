import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT_CONTEXT, SpanStatusCode, trace, type Context } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace'
import { createDriver } from '../storage/create-driver.ts'
import { storagePath, type StorageDriver } from '../storage/driver.ts'
import { tracedDriver } from './traced-driver.ts'

const path = storagePath('docker/a')
const other = storagePath('docker/b')
const bytes = Buffer.from('12345')

async function* stream(): AsyncIterable<Uint8Array> {
  yield bytes
}

async function namesOf(names: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = []
  for await (const name of names) all.push(name)
  return all
}

/** What a driver's spans are when a request uses it. */
async function spansOf(
  use: (driver: StorageDriver) => Promise<unknown>,
  inner?: StorageDriver,
): Promise<readonly ReadableSpan[]> {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = provider.getTracer('test')
  let context: Context | undefined
  const driver = tracedDriver(inner ?? (await createDriver({ kind: 'inmemory' })), tracer, () => context)
  await driver.write(path, bytes)
  const parent = tracer.startSpan('request')
  context = trace.setSpan(ROOT_CONTEXT, parent)
  await use(driver)
  context = undefined
  await driver.stat(path)
  for await (const _ of driver.list(storagePath('docker'))) break
  await provider.forceFlush()
  const spans = exporter.getFinishedSpans()
  for (const { parentSpanContext } of spans) assert.deepEqual(parentSpanContext, parent.spanContext())
  return spans
}

const driverName = { 'io.cncf.distribution.storage.driver.name': 'inmemory' }
const at = { ...driverName, 'io.cncf.distribution.storage.path': '/docker/a' }
const length = { 'io.cncf.distribution.storage.content.length': 5 }

describe('what a request does in the store is a span', () => {
  const cases: readonly (readonly [string, object, (driver: StorageDriver) => Promise<unknown>])[] = [
    ['Stat', at, (driver) => driver.stat(path)],
    ['GetContent', at, (driver) => driver.read(path)],
    ['PutContent', { ...at, ...length }, (driver) => driver.write(path, bytes)],
    [
      'PutContent',
      { ...at, ...length, 'io.cncf.distribution.storage.objects': 2 },
      (driver) => driver.publish([{ path, content: bytes }, { path: other }]),
    ],
    [
      'Reader',
      { ...at, 'io.cncf.distribution.storage.offset': 2 },
      async (driver) => (await driver.open(path, { start: 2, end: 4 }))?.close(),
    ],
    [
      'Writer',
      { ...at, ...length, 'io.cncf.distribution.storage.append': false },
      (driver) => driver.create(path, stream()),
    ],
    [
      'Move',
      {
        ...driverName,
        'io.cncf.distribution.storage.source.path': '/docker/a',
        'io.cncf.distribution.storage.dest.path': '/docker/b',
      },
      (driver) => driver.move(path, other),
    ],
    ['Delete', at, (driver) => driver.delete(path)],
    ['Delete', at, (driver) => driver.deleteTree(path)],
    [
      'List',
      { ...driverName, 'io.cncf.distribution.storage.path': '/docker' },
      async (driver) => {
        assert.deepEqual(await namesOf(driver.list(storagePath('docker'))), ['a'])
      },
    ],
  ]
  for (const [name, attributes, use] of cases) {
    it(`${name} ${JSON.stringify(attributes)}`, async () => {
      const [span, ...more] = await spansOf(use)
      assert.equal(span?.name, name)
      assert.deepEqual(span.attributes, attributes)
      assert.equal(span.status.code, SpanStatusCode.UNSET)
      assert.deepEqual(more, [])
    })
  }

  it('also when it fails, and the failure is passed on', async () => {
    const failure = Object.assign(new Error('secret detail'), { code: 'STORAGE_UNAVAILABLE' })
    const fails = async (): Promise<never> => await Promise.reject(failure)
    const inner: StorageDriver = {
      ...(await createDriver({ kind: 'inmemory' })),
      name: 'failing',
      write: async () => true,
      stat: async () => undefined,
      read: fails,
      // oxlint-disable-next-line require-yield
      async *list(folder): AsyncIterable<string> {
        if (folder !== path) return
        throw failure
      },
    }
    const spans = await spansOf(async (driver) => {
      await assert.rejects(driver.read(path), failure)
      await assert.rejects(namesOf(driver.list(path)), failure)
    }, inner)
    assert.deepEqual(
      spans.map(({ name, status, attributes, events }) => [name, status, attributes['error.type'], events]),
      [
        ['GetContent', { code: SpanStatusCode.ERROR }, 'STORAGE_UNAVAILABLE', []],
        ['List', { code: SpanStatusCode.ERROR }, 'STORAGE_UNAVAILABLE', []],
      ],
    )
  })

  it('and a listing that nobody reads to its end has one too', async () => {
    const [span] = await spansOf(async (driver) => {
      for await (const _ of driver.list(storagePath('docker'))) break
    })
    assert.equal(span?.name, 'List')
  })
})
