import type { Log } from '../registry/context.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import { isUploadId } from '../registry/upload-id.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { uploadEntry, uploadFolder, uploadsFolder } from './paths.ts'
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
 * (`storage.maintenance.uploadpurging`). An upload without a readable time is left alone.
 *
 * @returns how many were removed, or would have been
 */
export async function purgeUploads(driver: StorageDriver, options: PurgeOptions, log: Log): Promise<number> {
  const before = Date.now() - options.age
  let purged = 0
  for await (const repository of foldersBelow(new RepositoryTree(driver), '')) {
    for await (const id of driver.list(uploadsFolder(repository))) {
      if (!isUploadId(id)) continue
      const startedAt = await driver.read(uploadEntry(repository, id, 'startedat'), maxStartedAt)
      if (startedAt === undefined || !(Date.parse(startedAt.toString('latin1')) < before)) continue
      log.info({ repository, upload: id, dryrun: options.dryRun }, 'purging an abandoned upload')
      if (!options.dryRun) await driver.deleteTree(uploadFolder(repository, id))
      purged++
    }
  }
  return purged
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
