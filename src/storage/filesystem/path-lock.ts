import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoOf, unavailable } from '../failure.ts'
import { close, open, stat, unlink } from './calls.ts'
import type { TemporaryFile } from './temporary.ts'

/** Milliseconds between two tries. */
const pause = 5

/** Tries, about two seconds: a lock is held for three system calls. */
const tries = 400

/** Milliseconds after which whoever made a lock has died. */
const stale = 60_000

/**
 * Runs `work` while nobody else, in whatever process, runs such work for the same target: a file of the target's name, made with
 * O_EXCL beside the temporary files. Only for what no single system call can do, and what hardly ever happens.
 *
 * @param file the caller's temporary file, written just now: its time is that of the file system's own clock
 * @throws RegistryError STORAGE_UNAVAILABLE when the lock cannot be had; the error of a system call or of `work`
 */
export async function exclusively<Result>(
  target: string,
  file: TemporaryFile,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = lockPath(target, dirname(file.path))
  for (let left = tries; !(await made(lock)); left--) {
    if (left === 0) throw unavailable(`another process holds ${lock}`)
    if (!(await broken(lock, file))) await delay(pause)
  }
  try {
    return await work()
  } finally {
    await unlink(lock).catch(() => undefined)
  }
}

/** The path as processes share it, wherever each has mounted the root. */
function lockPath(target: string, folder: string): string {
  const root = dirname(dirname(folder))
  const hash = createHash('sha256').update(target.slice(root.length)).digest('hex')
  return join(folder, `lock-${hash}`)
}

async function made(lock: string): Promise<boolean> {
  try {
    await close(await open(lock, 'wx'))
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a process that died. Whoever does so holds a lock for that, lest he remove the one that came after it. */
async function broken(lock: string, file: TemporaryFile): Promise<boolean> {
  const { mtimeMs: now } = await stat(file.path)
  const isStale = async (): Promise<boolean> => now - (await stat(lock)).mtimeMs > stale
  const breaking = `${lock}-breaking`
  try {
    if (!(await isStale()) || !(await made(breaking))) return false
    try {
      const isDead = await isStale()
      if (isDead) await unlink(lock)
      return isDead
    } finally {
      await unlink(breaking)
    }
  } catch (error) {
    // Released, or broken by somebody else.
    if (errnoOf(error) === 'ENOENT') return true
    throw error
  }
}
