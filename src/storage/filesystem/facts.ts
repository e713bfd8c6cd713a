import { stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** What can be said of the folder of a store. Sizes are bytes. */
export interface FolderFacts {
  readonly free: number
  readonly size: number
  /** User and group of the folder; undefined while there is none. */
  readonly owner: { readonly user: number; readonly group: number; readonly mode: string } | undefined
  /** Each one line: what is doubtful. */
  readonly warnings: readonly string[]
}

const gib = 1024 ** 3
/** Less than this share is worth a warning, unless it is more than so much. */
const littleShare = 0.05
const plenty = 50 * gib
const littleInodes = 10_000

/**
 * Looks at the folder of a store, or at the nearest one above it that is there.
 *
 * @throws Error of the system call
 */
export async function folderFacts(rootDirectory: string): Promise<FolderFacts> {
  const root = resolve(rootDirectory)
  const info = await stat(root).catch(() => undefined)
  const { bavail, blocks, bsize, ffree, files } = await statfs(await nearestFolder(root))
  const [free, size] = [bavail * bsize, blocks * bsize]
  const warnings: string[] = []
  if (info === undefined) warnings.push(`there is no folder ${root} yet; it is made when something is stored`)
  if (free < size * littleShare && free < plenty)
    warnings.push(`only ${inGib(free)} of ${inGib(size)} GiB are free at ${root}: make room`)
  // Some file systems have no fixed number, and say 0.
  if (files > 0 && ffree < littleInodes)
    warnings.push(
      `only ${ffree} inodes are free at ${root}: each blob and link takes one file and some folders`,
    )
  const owner = info && { user: info.uid, group: info.gid, mode: (info.mode & 0o7777).toString(8) }
  if (info !== undefined && (info.mode & 0o002) !== 0 && (info.mode & 0o1000) === 0)
    warnings.push(`everybody on this machine may write to ${root}: chmod o-w`)
  return { free, size, owner, warnings }
}

/** The path itself, or what is above it, whichever is there. */
export async function nearestFolder(path: string): Promise<string> {
  let place = path
  while ((await stat(place).catch(() => undefined)) === undefined && place !== dirname(place))
    place = dirname(place)
  return place
}

export function inGib(bytes: number): string {
  return (bytes / gib).toFixed(1)
}
