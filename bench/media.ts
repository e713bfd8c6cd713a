import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { atExit } from '../test/support/at-exit.ts'
import type { RegistryOptions } from '../test/support/registry-process.ts'

export type MediumName = 'disk' | 'tmpfs' | 's3'

/** One store, of all those on a medium. */
export interface Place {
  /** A folder, which is empty when the store is none. */
  readonly root: string
  /** What makes a server use it; nothing where `root` is the store. */
  readonly config?: NonNullable<RegistryOptions['config']>
  /** Removes large objects, and nothing that a server may remember. */
  freeRoom(): Promise<void>
  remove(): Promise<void>
}

/** Where the stores lie. */
export interface Medium {
  readonly name: MediumName
  /** @param name the same gives the same store */
  place(name: string): Place
  /** Has a store written, file by file. */
  fill(name: string, write: (root: string) => void): Promise<void>
  /** Waits until all that was written has reached the device, so that one load does not pay for another. */
  settle(): void
  /** Ends it and removes all that lies there. */
  remove(): void | Promise<void>
}

/** What is larger is removed by `freeRoom`. */
export const keptSize = 16_384

const tmpfsType = 0x0102_1994

export function diskMedium(folder: string): Medium {
  mkdirSync(folder, { recursive: true })
  if (statfsSync(folder).type === tmpfsType)
    throw new Error(`${folder} is in memory, not on a disk: name another folder with --dir`)
  return {
    name: 'disk',
    ...placesIn(folder),
    settle: () => void spawnSync('sync', ['--file-system', folder]),
    // Several times quicker than Node's own for some 100,000 files.
    remove: () => void spawnSync('rm', ['-rf', folder]),
  }
}

/** Mounts a tmpfs, which root may. It goes when this process ends. */
export function tmpfsMedium(below: string, sizeMebibytes: number): Medium {
  const folder = join(below, 'tmpfs')
  mkdirSync(folder, { recursive: true })
  const { status, stderr } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${sizeMebibytes}m`,
    'bench',
    folder,
  ])
  if (status !== 0) throw new Error(`cannot mount a tmpfs (leave it out with --no-tmpfs): ${String(stderr)}`)
  const unmount = (): void => {
    spawnSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  }
  const forget = atExit(unmount)
  const remove = (): void => {
    unmount()
    forget()
  }
  return { name: 'tmpfs', ...placesIn(folder), settle: () => {}, remove }
}

function placesIn(folder: string): Pick<Medium, 'place' | 'fill'> {
  const place = (name: string): Place => {
    const root = join(folder, name)
    mkdirSync(root, { recursive: true })
    return {
      root,
      freeRoom: async () => freeRoom(root),
      remove: async () => rmSync(root, { recursive: true, force: true }),
    }
  }
  return { place, fill: async (name, write) => write(place(name).root) }
}

/** Removes the large files below a folder, and no folder: a server may remember which ones there are. */
function freeRoom(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(path).size > keptSize) rmSync(path, { force: true })
  }
}
