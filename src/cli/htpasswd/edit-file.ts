import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { largestHtpasswd } from '../../auth/htpasswd/htpasswd-file.ts'
import { codeOf } from '../../util/file-problem.ts'
import { HtpasswdError } from './htpasswd-error.ts'

export interface EditOptions {
  /** Make the file if it is absent. */
  readonly create: boolean
  /** Milliseconds to wait for somebody else who changes the file. Default: 10 s. */
  readonly patience?: number
}

/** Milliseconds between two tries, at most. */
const pause = 50

/**
 * Changes a file where it is, and not by a new one under its name: it may be mounted by itself into a registry's container, which
 * would go on seeing the old one, with users that were deleted. So links, owner and mode stay as well. The new content is written
 * beside it first, to FILE.lock, which keeps others out (as git does it) and is still there if the machine fails halfway.
 *
 * @param change from the content to the new one; undefined leaves it
 * @throws HtpasswdError; the system's error
 */
export async function editFile(
  path: string,
  change: (content: Buffer) => Buffer | undefined,
  { create, patience = 10_000 }: EditOptions,
): Promise<void> {
  const file = realPath(path)
  const lock = `${file}.lock`
  const deadline = Date.now() + patience
  for (;;) {
    const copy = takeLock(lock)
    if (copy !== 'taken') {
      // At one go from here on: a signal is heeded afterwards.
      try {
        edit(file, copy, change, create)
        return
      } finally {
        release(lock, copy)
      }
    }
    if (Date.now() >= deadline)
      throw new HtpasswdError(
        'fileAccess',
        `${lock} exists: another htpasswd is at work, or one was killed, and then remove that file`,
      )
    // eslint-disable-next-line no-await-in-loop
    await delay(Math.random() * pause)
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // It is yet to be made.
    return path
  }
}

/** Undefined where there can be no file beside it: the folder is read-only, and the file a mount of its own. */
function takeLock(path: string): number | 'taken' | undefined {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (code === 'EEXIST') return 'taken'
    if (['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'].includes(code)) return undefined
    throw error
  }
}

function release(path: string, lock: number | undefined): void {
  if (lock === undefined) return
  closeSync(lock)
  unlinkSync(path)
}

function edit(
  path: string,
  copy: number | undefined,
  change: (content: Buffer) => Buffer | undefined,
  create: boolean,
): void {
  // 0666 less the umask, as Apache's and the shell's `>` make it: the registry that reads it often runs as another user.
  const file = openSync(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o666)
  try {
    const old = readAll(file)
    const content = change(old)
    if (content === undefined) return
    if (copy !== undefined) {
      writeAll(copy, content)
      fsyncSync(copy)
    }
    overwrite(file, old, content)
  } finally {
    closeSync(file)
  }
}

function readAll(file: number): Buffer {
  const { size } = fstatSync(file)
  if (size > largestHtpasswd)
    throw new HtpasswdError('notValidFile', `the file is larger than ${largestHtpasswd} bytes`)
  const content = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const count = readSync(file, content, length, size - length, length)
    if (count === 0) break
    length += count
  }
  return content.subarray(0, length)
}

/** A registry that reads meanwhile finds a good file at any moment: first with empty lines in place of what goes, then without. */
function overwrite(file: number, old: Buffer, content: Buffer): void {
  try {
    writeAll(file, Buffer.concat([content, Buffer.alloc(Math.max(0, old.length - content.length), '\n')]))
    ftruncateSync(file, content.length)
    fsyncSync(file)
  } catch (error) {
    // The disk is full; what was there has its place.
    writeAll(file, old)
    ftruncateSync(file, old.length)
    throw error
  }
}

function writeAll(file: number, content: Buffer): void {
  let offset = 0
  while (offset < content.length) offset += writeSync(file, content, offset, content.length - offset, offset)
}
