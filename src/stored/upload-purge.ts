import type { Log } from '../registry/context.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import { isUploadId, type UploadId } from '../registry/upload-id.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { type UploadEntry, uploadEntry, uploadFolder, uploadsFolder } from './paths.ts'
import { RepositoryTree } from './repository-tree.ts'

export interface PurgeOptions {
  /** Milliseconds since an upload began. */
  readonly age: number
  /** Only tell what would be removed. */
  readonly dryRun: boolean
}

/** Bytes; a time has 20. */
const maxStartedAt = 64

/**
 * Removes uploads that were begun long ago and never committed, ours and Distribution's, as its own purger does
 * (`storage.maintenance.uploadpurging`). An upload without a readable time is left alone; so is one without any, unless it is what
 * a request of ours left that came for an upload while another one ended it, and nothing in it is younger.
 *
 * Object stores have leftovers of another kind, parts of objects that nobody finished. They may belong to an upload that goes on
 * tomorrow (Distribution's do), so that they are as old as uploads before they go.
 *
 * @returns how many were removed, or would have been
 */
export async function purgeUploads(driver: StorageDriver, options: PurgeOptions, log: Log): Promise<number> {
  const before = Date.now() - options.age
  let purged = 0
  for await (const repository of foldersBelow(new RepositoryTree(driver), '')) {
    for await (const id of driver.list(uploadsFolder(repository))) {
      if (!isUploadId(id)) continue
      if (!(await isOlder(driver, repository, id, before))) continue
      log.info({ repository, upload: id, dryrun: options.dryRun }, 'purging an abandoned upload')
      if (!options.dryRun) await driver.deleteTree(uploadFolder(repository, id))
      purged++
    }
  }
  return driver.minChunk === undefined
    ? purged
    : purged + (await driver.removeLeftovers(options.age, options))
}

async function isOlder(
  driver: StorageDriver,
  repository: RepositoryName,
  id: UploadId,
  before: number,
): Promise<boolean> {
  const startedAt = await driver.read(uploadEntry(repository, id, 'startedat'), maxStartedAt)
  if (startedAt !== undefined) return Date.parse(startedAt.toString('latin1')) < before
  let any = false
  for await (const name of driver.list(uploadFolder(repository, id))) {
    const entry = isOurs(name) ? await driver.stat(uploadEntry(repository, id, name)) : undefined
    if (entry === undefined || entry.modified.getTime() >= before) return false
    any = true
  }
  return any
}

/** What only we write. */
function isOurs(name: string): name is UploadEntry {
  return /^(?:part|segment)-|^algorithm$/.test(name)
}

/** Every folder that can be a repository: uploads may be all that it has. */
async function* foldersBelow(
  tree: RepositoryTree,
  name: string,
): AsyncGenerator<RepositoryName, void, undefined> {
  if (isRepositoryName(name)) yield name
  for (const child of (await tree.look(name)).children) {
    yield* foldersBelow(tree, name === '' ? child : `${name}/${child}`)
  }
}
