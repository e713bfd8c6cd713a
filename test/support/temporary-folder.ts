import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit, type Cleaner } from './at-exit.ts'

export interface TemporaryFolder {
  readonly path: string
  /** Removes the folder with all in it, and unmounts what is mounted there. */
  remove(): Promise<void>
}

/** Makes an empty folder. It is removed when the test ends, if one is given, and when this process ends. */
export function temporaryFolder(test?: Cleaner): TemporaryFolder {
  // Short, for sockets lie in it, and in lower case, for podman reads paths as names of images.
  const path = join(tmpdir(), `berth-test-${randomUUID().slice(0, 8)}`)
  mkdirSync(path, { mode: 0o700 })
  const forget = atExit(() => {
    unmountBelow(path)
    rmSync(path, { recursive: true, force: true })
  })
  const remove = async (): Promise<void> => {
    unmountBelow(path)
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
    forget()
  }
  test?.after(remove)
  return { path, remove }
}

/** Container daemons that were killed leave mounts, which would make the removal fail, or remove what they show. */
function unmountBelow(folder: string): void {
  let mounts: string
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return // Not Linux: nothing of ours mounts anything.
  }
  const points = mounts
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point): point is string => point?.startsWith(`${folder}/`) === true)
  for (const point of points.toReversed()) spawnSync('umount', ['-l', point])
}
