import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { loadConfig } from './load.ts'
import { readConfigFile } from './read-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-'))
after(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'config.yml')
writeFileSync(file, 'version: 0.1\nstorage: inmemory\n')
const fifo = join(folder, 'fifo.yml')
assert.equal(spawnSync('mkfifo', [fifo]).status, 0)

/** What `loadConfig` comes to, in a thread of its own: it may never come back. */
async function loadInThread(path: string, again: boolean): Promise<string> {
  const worker = new Worker(
    `const { parentPort, workerData: { module, ...options } } = require('node:worker_threads')
    import(module).then(({ loadConfig }) => {
      try {
        parentPort.postMessage(loadConfig({ env: {}, ...options }).config.storage.driver.name)
      } catch (error) {
        parentPort.postMessage(error.message)
      }
    })`,
    { eval: true, workerData: { module: new URL('load.js', import.meta.url).href, file: path, again } },
  )
  try {
    const [answer] = (await once(worker, 'message', { signal: AbortSignal.timeout(20_000) })) as [string]
    return answer
  } finally {
    // Frees a thread that waits for a writer.
    closeSync(openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK))
    await worker.terminate()
  }
}

function refusal(path: string, again: boolean): string {
  try {
    return readConfigFile(path, { again })
  } catch (error) {
    return String(error)
  }
}

describe('a configuration file', () => {
  it('may be a pipe when the process starts', async () => {
    const loading = loadInThread(fifo, false)
    assert.equal(spawnSync('cp', [file, fifo], { timeout: 20_000 }).status, 0)
    assert.equal(await loading, 'inmemory')
  })

  it('that is a pipe is refused, and not waited for, when it is read again', async () => {
    assert.equal(await loadInThread(fifo, true), `${fifo}: cannot be read again: not a regular file`)
  })

  it('is read again when it is a file, or a link to one', () => {
    const link = join(folder, 'link.yml')
    symlinkSync(file, link)
    for (const path of [file, link]) {
      assert.deepEqual(loadConfig({ file: path, env: {}, again: true }).config.storage.driver, {
        name: 'inmemory',
      })
    }
  })

  it('is refused when it is a folder, or not there', () => {
    const other = join(folder, 'folder')
    mkdirSync(other)
    assert.match(refusal(other, true), /folder: cannot be read again: not a regular file$/)
    assert.match(refusal(other, false), /folder: cannot be read: EISDIR$/)
    assert.match(refusal(join(folder, 'none'), true), /none: cannot be read: ENOENT$/)
  })
})
