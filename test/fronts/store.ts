import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Bytes of all files below a folder. */
export function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + sizeOf(join(entry.parentPath, entry.name)), 0)
}

/** Waits until a number is reached, and gives up after half a minute. Gives what it was last. */
export async function reached(bytes: number, read: () => number): Promise<number> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const now = read()
    if (now >= bytes || Date.now() > deadline) return now
    await delay(50)
  }
}

/** What vanishes meanwhile has none. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
