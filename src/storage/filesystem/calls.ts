import fs, { type Dirent, type Stats } from 'node:fs'

/*
 * The system calls of this driver, as promises on bare descriptors. A FileHandle of fs.promises costs about three times
 * as much per read of a link, the most frequent call there is. Errors are Node's own, with their errno in `code`.
 */

type Failure = NodeJS.ErrnoException | null

function settled(start: (done: (error?: Failure) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function answered<Value>(start: (done: (error: Failure, value: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

/** Flags as in fs.open: `r`, `wx` … */
export function open(path: string, flags: number | string): Promise<number> {
  return answered((done) => fs.open(path, flags, 0o666, done))
}

export function close(descriptor: number): Promise<void> {
  return settled((done) => fs.close(descriptor, done))
}

/** Lets go of a descriptor that was only read from: nothing that close(2) could report matters to anyone. */
export function closeQuietly(descriptor: number): void {
  fs.close(descriptor, () => undefined)
}

/** Reads into `buffer` from its beginning; returns how many bytes came, 0 at the end of the file. */
export function read(
  descriptor: number,
  buffer: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  return answered((done) => fs.read(descriptor, buffer, 0, length, position, done))
}

/** Appends all of `buffers` at the descriptor's position, however often the system takes only a part of them. */
export async function writeAll(descriptor: number, buffers: readonly Uint8Array[]): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0)
  while (rest.length > 0) {
    const written = await writeSome(descriptor, rest)
    if (written === 0)
      throw Object.assign(new Error('nothing was written'), { code: 'EIO', syscall: 'write' })
    rest = without(rest, written)
  }
}

function writeSome(descriptor: number, buffers: readonly Uint8Array[]): Promise<number> {
  return answered((done) => fs.writev(descriptor, buffers, null, done))
}

function without(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  const rest: Uint8Array[] = []
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(buffer.subarray(skip))
    skip = Math.max(0, skip - buffer.length)
  }
  return rest
}

export function fsync(descriptor: number): Promise<void> {
  return settled((done) => fs.fsync(descriptor, done))
}

export function fstat(descriptor: number): Promise<Stats> {
  return answered((done) => fs.fstat(descriptor, done))
}

export function stat(path: string): Promise<Stats> {
  return answered((done) => fs.stat(path, done))
}

export function link(from: string, to: string): Promise<void> {
  return settled((done) => fs.link(from, to, done))
}

export function rename(from: string, to: string): Promise<void> {
  return settled((done) => fs.rename(from, to, done))
}

export function unlink(path: string): Promise<void> {
  return settled((done) => fs.unlink(path, done))
}

export function mkdir(path: string): Promise<void> {
  return settled((done) => fs.mkdir(path, done))
}

export function rmdir(path: string): Promise<void> {
  return settled((done) => fs.rmdir(path, done))
}

/** Names as Latin-1: one character a byte, so that comparing strings compares bytes. */
export function readNames(folder: string): Promise<string[]> {
  return answered((done) => fs.readdir(folder, 'latin1', done))
}

export function readEntries(folder: string): Promise<Dirent[]> {
  return answered((done) => fs.readdir(folder, { withFileTypes: true }, done))
}
