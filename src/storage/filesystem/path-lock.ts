import { createHash, randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoOf, unavailable } from '../failure.ts'
import { close, closeQuietly, open, read, stat, unlink, writeAll } from './calls.ts'
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
  let holder = await made(lock)
  for (let left = tries; holder === undefined; left--) {
    if (left === 0) throw unavailable(`another process holds ${lock}`)
    if (!(await broken(lock, file))) await delay(pause)
    holder = await made(lock)
  }
  try {
    return await work()
  } finally {
    await release(lock, holder)
  }
}

/** The path as processes share it, wherever each has mounted the root. */
function lockPath(target: string, folder: string): string {
  const root = dirname(dirname(folder))
  const hash = createHash('sha256').update(target.slice(root.length)).digest('hex')
  return join(folder, `lock-${hash}`)
}

/** Gives what the new lock says of its holder; undefined when there is one already. */
async function made(lock: string): Promise<string | undefined> {
  const holder = randomUUID()
  let descriptor: number
  try {
    descriptor = await open(lock, 'wx')
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
  try {
    await writeAll(descriptor, [Buffer.from(holder)])
    return holder
  } catch (error) {
    await unlink(lock).catch(() => undefined)
    throw error
  } finally {
    await close(descriptor)
  }
}

/** Never throws: a lock that stays becomes stale. One whose holder was taken for dead is another's by now. */
async function release(lock: string, holder: string): Promise<void> {
  try {
    if ((await holderOf(lock)) === holder) await unlink(lock)
  } catch {
    // Broken, or on a disk that fails.
  }
}

async function holderOf(lock: string): Promise<string> {
  const descriptor = await open(lock, 'r')
  try {
    const buffer = Buffer.alloc(100)
    const length = await read(descriptor, buffer, buffer.length, 0)
    return buffer.toString('latin1', 0, length)
  } finally {
    closeQuietly(descriptor)
  }
}

/** Removes the lock of a process that died. Whoever does so holds a lock for that, lest he remove the one that came after it. */
async function broken(lock: string, file: TemporaryFile): Promise<boolean> {
  const { mtimeMs: now } = await stat(file.path)
  const isStale = async (path: string): Promise<boolean> => now - (await stat(path)).mtimeMs > stale
  const breaking = `${lock}-breaking`
  try {
    if (!(await isStale(lock))) return false
    const breaker = await made(breaking)
    if (breaker === undefined) {
      // Who broke it died over that. There is a pause before the next try, for others who remove this now.
      if (await isStale(breaking)) await unlink(breaking)
      return false
    }
    try {
      const isDead = await isStale(lock)
      if (isDead) await unlink(lock)
      return isDead
    } finally {
      await release(breaking, breaker)
    }
  } catch (error) {
    // Released, or broken by somebody else.
    if (errnoOf(error) === 'ENOENT') return true
    throw error
  }
}
