import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { storagePath, type StorageDriver } from '../storage/driver.ts'
import { storageFailure } from '../storage/failure.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { fileCheck } from './file-check.ts'
import { storageCheck } from './storage-check.ts'
import { tcpCheck } from './tcp-check.ts'
import { withTimeout } from './timeout.ts'

const rhythm = { interval: 1000, threshold: 2 }
const never = new AbortController().signal

async function listening(t: TestContext, host: string): Promise<number> {
  const server: Server = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve)
  })
  t.after(() => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('a file check', () => {
  it('fails while the file exists', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-health-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'maintenance')
    const check = fileCheck({ file, ...rhythm })
    assert.deepEqual([check.name, check.interval, check.threshold], [file, 1000, 2])
    await check.run(never)
    await writeFile(file, '')
    await assert.rejects(check.run(never), { message: 'file exists' })
    await rm(file)
    await check.run(never)
  })

  it('fails when nobody can tell', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-health-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'loop')
    await symlink(file, file)
    await assert.rejects(fileCheck({ file, ...rhythm }).run(never), {
      message: 'cannot tell whether the file exists: too many symbolic links',
    })
  })
})

describe('a TCP check', () => {
  it('passes while somebody takes connections', async (t) => {
    const port = await listening(t, '127.0.0.1')
    const check = tcpCheck({ addr: `127.0.0.1:${port}`, timeout: 0, ...rhythm })
    assert.deepEqual([check.name, check.interval, check.threshold], [`127.0.0.1:${port}`, 1000, 2])
    await check.run(never)
    await tcpCheck({ addr: `localhost:${port}`, timeout: 10_000, ...rhythm }).run(never)
    await tcpCheck({ addr: `:${port}`, timeout: 10_000, ...rhythm }).run(never)
  })

  it('takes an IPv6 address in brackets', async (t) => {
    const port = await listening(t, '::1')
    await tcpCheck({ addr: `[::1]:${port}`, timeout: 0, ...rhythm }).run(never)
  })

  it('fails while nobody does', async () => {
    const check = tcpCheck({ addr: '127.0.0.1:1', timeout: 10_000, ...rhythm })
    await assert.rejects(check.run(never), { message: 'connection failed: connection refused' })
    await assert.rejects(tcpCheck({ addr: 'localhost:1', timeout: 0, ...rhythm }).run(never), {
      message: 'connection failed: connection refused',
    })
    await assert.rejects(tcpCheck({ addr: 'nobody.invalid:1', timeout: 0, ...rhythm }).run(never), {
      message: /^connection failed: (?:no such host|the name cannot be resolved just now)$/,
    })
  })

  it('gives up when it is told to', async () => {
    await assert.rejects(tcpCheck({ addr: '127.0.0.1:1', timeout: 0, ...rhythm }).run(AbortSignal.abort()))
  })
})

function wait(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })
}

describe('a time-out', () => {
  it('ends what takes longer, and says so', async () => {
    await assert.rejects(withTimeout(20, never, wait), { message: 'timed out after 0.02 s' })
  })

  it('passes on another end, value or failure', async () => {
    const outer = new AbortController()
    const waiting = withTimeout(60_000, outer.signal, wait)
    outer.abort()
    await assert.rejects(waiting, { message: 'aborted' })
    assert.equal(await withTimeout(60_000, never, async () => 1), 1)
    await assert.rejects(
      withTimeout(0, never, async () => {
        throw new Error('own')
      }),
      { message: 'own' },
    )
  })
})

describe('a storage check', () => {
  const path = storagePath('docker/registry/v2/repositories')

  it('passes while the store answers, also that nothing is there', async () => {
    const driver = new MemoryDriver()
    const check = storageCheck({ driver, path, ...rhythm })
    assert.deepEqual([check.name, check.interval, check.threshold], ['storagedriver_inmemory', 1000, 2])
    await check.run(never)
  })

  it('fails with the reason of the store', async () => {
    const failed = Object.assign(new Error("EIO: i/o error, stat '/data'"), { code: 'EIO', syscall: 'stat' })
    const driver: StorageDriver = Object.assign(new MemoryDriver(), {
      stat: async () => {
        throw storageFailure(failed)
      },
    })
    await assert.rejects(storageCheck({ driver, path, ...rhythm }).run(never), {
      message: 'input/output error',
    })
  })
})
