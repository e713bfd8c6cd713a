import fs from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'

/*
 * For tests of what a sound disk does not show: system calls that fail, take only a part, or must come in a certain
 * order. They are replaced on `node:fs` itself, where `calls.ts` looks them up each time.
 */

export type Call =
  | 'close'
  | 'fstat'
  | 'fsync'
  | 'link'
  | 'mkdir'
  | 'open'
  | 'read'
  | 'readdir'
  | 'rename'
  | 'rmdir'
  | 'stat'
  | 'unlink'
  | 'writev'
export type Arguments = readonly unknown[]

/** Replaces a call; `real` runs the original one. The last of `args` is the callback. */
export function replace(name: Call, substitute: (args: Arguments, real: () => void) => void): void {
  const original = fs[name] as (...args: Arguments) => void
  const replaced = (...args: Arguments): void => substitute(args, () => original(...args))
  mock.method(fs, name, replaced as never)
}

export function failWith(args: Arguments, code: string, syscall: string): void {
  const callback = args.at(-1) as (error: Error) => void
  setImmediate(callback, Object.assign(new Error(`${code}: ${syscall}`), { code, syscall }))
}

export function files(root: string): readonly string[] {
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}
