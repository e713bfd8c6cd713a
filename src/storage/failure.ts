import os from 'node:os'
import { RegistryError } from '../registry/errors.ts'

/** Out of blocks, out of quota, or beyond the largest file that the store takes: room has to be made. */
const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** libuv has no name for this one. */
const overQuota = -os.constants.errno.EDQUOT

/** The errno name of a failed system call, such as `ENOENT`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined
  if ('errno' in error && error.errno === overQuota) return 'EDQUOT'
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * What to throw for an error of the store: a failed system call becomes STORAGE_FULL or STORAGE_UNAVAILABLE and stays
 * as the cause, for the log alone (it names paths). Whatever else comes by is a bug or has been mapped: unchanged.
 *
 * @param path what the call was for, where the call itself knew a descriptor alone
 */
export function storageFailure(error: unknown, path?: string): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const cause =
    path === undefined || hasPath(error)
      ? error
      : new Error(`${messageOf(error)} '${path}'`, { cause: error })
  return new RegistryError(full.has(errno) ? 'STORAGE_FULL' : 'STORAGE_UNAVAILABLE', { cause })
}

function hasPath(error: unknown): boolean {
  return error instanceof Error && 'path' in error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A failure that no system call reported, such as an object that is shorter than its size. */
export function unavailable(why: string): RegistryError {
  return new RegistryError('STORAGE_UNAVAILABLE', { cause: new Error(why) })
}

/**
 * Awaits work on the store.
 *
 * @throws what `storageFailure` makes of its error
 */
export async function guarded<Result>(work: Promise<Result>, path?: string): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw storageFailure(error, path)
  }
}
