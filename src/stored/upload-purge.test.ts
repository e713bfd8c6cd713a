import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context, Log } from '../registry/context.ts'
import { digestOf } from '../registry/digest.ts'
import { parseRepositoryName, type RepositoryName } from '../registry/name.ts'
import { newUploadId, type UploadId } from '../registry/upload-id.ts'
import { storagePath, type StorageDriver } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { take } from '../util/iterables.ts'
import { revisionLink, uploadEntry, uploadFolder, uploadsFolder } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'
import { purgeUploads } from './upload-purge.ts'

const ignore = (): void => {}
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const context: Context = { log }
const week = 7 * 24 * 60 * 60 * 1000
const age = { age: week, dryRun: false }

function ago(milliseconds: number): string {
  return `${new Date(Date.now() - milliseconds).toISOString().slice(0, 19)}Z`
}

const old = ago(week + 60_000)
const young = ago(week - 60_000)

async function putText(driver: StorageDriver, path: string, text: string): Promise<void> {
  await driver.write(storagePath(path), Buffer.from(text))
}

/** Begins an upload of ours, with bytes, and dates it. */
async function ours(driver: StorageDriver, name: RepositoryName, startedAt: string): Promise<UploadId> {
  const registry = createStoredRegistry(driver)
  const { id } = await registry.startUpload(context, name)
  const source = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from('bytes')
  })()
  await registry.appendUpload(context, name, id, { source })
  await driver.write(uploadEntry(name, id, 'startedat'), Buffer.from(startedAt))
  return id
}

/** What Distribution leaves of an upload that nobody ended. */
async function theirs(driver: StorageDriver, name: RepositoryName, startedAt?: string): Promise<UploadId> {
  const id = newUploadId()
  const folder = uploadFolder(name, id)
  await putText(driver, `${folder}/data`, 'bytes')
  await putText(driver, `${folder}/hashstates/sha256/0`, 'state')
  await putText(driver, `${folder}/hashstates/sha256/5`, 'state')
  if (startedAt !== undefined) await putText(driver, `${folder}/startedat`, startedAt)
  return id
}

async function uploadsOf(driver: StorageDriver, name: RepositoryName): Promise<string[]> {
  return await take(driver.list(uploadsFolder(name)), Infinity)
}

const names = ['a', 'a/b', 'team/app', 'deep/er/and/deep/er', 'a-b'].map((name) => parseRepositoryName(name))

describe('purging uploads', () => {
  it('removes the old ones, ours and of Distribution, also where there is nothing else', async () => {
    const driver = new MemoryDriver()
    for (const name of names) {
      await ours(driver, name, old)
      await theirs(driver, name, old)
    }
    assert.equal(await purgeUploads(driver, age, log), 2 * names.length)
    for (const name of names) assert.deepEqual(await uploadsOf(driver, name), [], name)
    assert.equal(await driver.stat(storagePath('docker')), undefined, 'no folder is left of them')
    assert.equal(await purgeUploads(driver, age, log), 0)
  })

  it('leaves the young ones, and those whose beginning nobody can tell', async () => {
    const driver = new MemoryDriver()
    for (const name of names) {
      const stay = [await ours(driver, name, young), await theirs(driver, name, young)]
      for (const text of ['', 'long ago', `${old.slice(0, 10)}T99:99:99Z`, 'x'.repeat(1000)]) {
        stay.push(await ours(driver, name, text), await theirs(driver, name, text))
      }
      stay.push(await theirs(driver, name))
      const gone = await ours(driver, name, old)
      assert.equal(await purgeUploads(driver, age, log), 1, name)
      assert.deepEqual(await uploadsOf(driver, name), stay.toSorted())
      assert.ok(!stay.includes(gone))
    }
  })

  it('leaves all that is no upload', async () => {
    const driver = new MemoryDriver()
    const name = parseRepositoryName('team/app')
    const digest = digestOf(Buffer.from('x'))
    await ours(driver, name, old)
    await driver.write(revisionLink(name, digest), Buffer.from(digest))
    // A repository may be named like an upload, and a folder of uploads may hold what is none.
    const odd = parseRepositoryName(`team/${newUploadId()}`)
    await driver.write(revisionLink(odd, digest), Buffer.from(digest))
    await putText(driver, `${uploadsFolder(name)}/no-upload/startedat`, old)
    assert.equal(await purgeUploads(driver, age, log), 1)
    const registry = createStoredRegistry(driver)
    assert.deepEqual(await take(registry.repositories(context), 10), [name, odd].toSorted())
    assert.deepEqual(await uploadsOf(driver, name), ['no-upload'])
  })

  it('tells, in a dry run, how many it would remove, and removes none', async () => {
    const driver = new MemoryDriver()
    const lines: object[] = []
    for (const name of names) {
      await ours(driver, name, old)
      await theirs(driver, name, old)
      await ours(driver, name, young)
    }
    const counting: Log = { ...log, info: (fields) => lines.push(fields) }
    for (let time = 0; time < 2; time++) {
      assert.equal(await purgeUploads(driver, { age: week, dryRun: true }, counting), 2 * names.length)
    }
    for (const name of names) assert.equal((await uploadsOf(driver, name)).length, 3)
    assert.equal(lines.length, 4 * names.length)
  })
})
