import { constants } from 'node:fs'
import { access, readFile, realpath, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RegistryError } from '../../registry/errors.ts'
import { errnoOf } from '../failure.ts'
import { probePath } from '../probes.ts'
import { lineOf, StoreProblem } from '../store-problem.ts'
import { FilesystemDriver } from './driver.ts'
import { nearestFolder } from './facts.ts'
import { networkMount, networkMountWarning } from './network-mount.ts'
import type { FilesystemOptions } from './options.ts'

export interface FolderCheckOptions {
  readonly readOnly?: boolean
  /** Is told, in one line, what is doubtful. */
  readonly warn?: (line: string) => void
  /** Where the system says what is mounted. */
  readonly mountinfo?: string
}

/**
 * Finds out whether a folder can be used. The folder is made when absent, as the first push would.
 *
 * @throws StoreProblem
 */
export async function checkFilesystem(
  options: FilesystemOptions,
  { readOnly = false, warn, mountinfo = '/proc/self/mountinfo' }: FolderCheckOptions = {},
): Promise<void> {
  const root = resolve(options.rootDirectory)
  await checkFolder(root, options, readOnly)
  const warning = await mountWarning(root, mountinfo)
  if (warning !== undefined) warn?.(warning)
}

/** Of the file system on which a folder lies, or will. Where nothing is known of mounts there is none. */
async function mountWarning(root: string, mountinfo: string): Promise<string | undefined> {
  try {
    const place = await realpath(await nearestFolder(root))
    return networkMountWarning(networkMount(await readFile(mountinfo, 'utf8'), place))
  } catch {
    return undefined
  }
}

async function checkFolder(root: string, options: FilesystemOptions, readOnly: boolean): Promise<void> {
  if (readOnly) {
    // An empty registry may have no folder yet.
    await access(root, constants.R_OK | constants.X_OK).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw problem(`cannot read the storage at ${root}`, error)
    })
    return
  }
  const driver = new FilesystemDriver(options)
  try {
    const probe = probePath()
    await driver.write(probe, new Uint8Array())
    await driver.delete(probe)
  } catch (error) {
    throw problem(`cannot write to the storage at ${root}`, error)
  }
}

/**
 * Remembers which folders there are, so that a mere look can leave none.
 *
 * @returns removes those that were made since and are empty
 */
export async function rememberFolders({ rootDirectory }: FilesystemOptions): Promise<() => Promise<void>> {
  const root = resolve(rootDirectory)
  const before = await nearestFolder(root)
  return async () => {
    if (before === root) return
    for (let folder = join(root, '_berth', 'tmp'); folder !== before; folder = dirname(folder))
      await rmdir(folder).catch(() => undefined)
  }
}

function problem(what: string, error: unknown): StoreProblem {
  const inner = error instanceof RegistryError ? error.cause : error
  const advice = adviceFor(errnoOf(inner) ?? errnoOf(inner instanceof Error ? inner.cause : undefined))
  return new StoreProblem(`${what}: ${lineOf(error)}${advice}`, { cause: error })
}

function adviceFor(errno: string | undefined): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return `; let user ${process.getuid?.() ?? 'of this process'} write there (chown), or correct rootdirectory`
    case 'EROFS':
      return '; mount it for writing, or set storage.maintenance.readonly.enabled: true'
    case 'ENOSPC':
    case 'EDQUOT':
      return '; make room, or raise the quota'
    case 'ENOTDIR':
    case 'ENOENT':
    case 'ELOOP':
      return '; correct rootdirectory'
    default:
      return ''
  }
}
