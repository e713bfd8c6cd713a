import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { atExit } from '../test/support/at-exit.ts'

export type MediumName = 'disk' | 'tmpfs'

/** Where the stores lie. */
export interface Medium {
  readonly name: MediumName
  readonly folder: string
  /** Waits until all that was written has reached the device, so that one load does not pay for another. */
  settle(): void
  /** Ends it and removes all that lies there. */
  remove(): void
}

const tmpfsType = 0x0102_1994

export function diskMedium(folder: string): Medium {
  mkdirSync(folder, { recursive: true })
  if (statfsSync(folder).type === tmpfsType)
    throw new Error(`${folder} is in memory, not on a disk: name another folder with --dir`)
  return {
    name: 'disk',
    folder,
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
  return { name: 'tmpfs', folder, settle: () => {}, remove }
}
