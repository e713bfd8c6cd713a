import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { fileProblem } from '../util/file-problem.ts'

/** Something that lines are appended to. */
export interface AuditFile {
  /** Bytes that are written in one piece, whoever else writes there. */
  readonly wholeBytes: number
  /** @returns how many bytes were taken, which may be fewer */
  write(bytes: Uint8Array): Promise<number>
  close(): Promise<void>
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = fs.constants

const open = promisify(fs.open)
const fstat = promisify(fs.fstat)
const read = promisify(fs.read)
const write = promisify(fs.write)
const close = promisify(fs.close)

/** Ours already, and not always to be opened again: not when they are sockets, as systemd's are, or another user's. */
const standard: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/fd/1', 1],
  ['/proc/self/fd/1', 1],
  ['/dev/stderr', 2],
  ['/dev/fd/2', 2],
  ['/proc/self/fd/2', 2],
])

const regularBytes = 64 * 1024
/** `PIPE_BUF` of Linux. */
const pipeBytes = 4096

/**
 * Opens a file for appending; makes it, readable by its owner alone, when it is not there. Pipes and devices work too.
 *
 * @throws Error of one line
 */
export async function openAuditFile(path: string): Promise<AuditFile> {
  try {
    const descriptor = standard.get(path)
    return await (descriptor === undefined ? openNamed(path) : openStandard(path, descriptor))
  } catch (error) {
    // The file is made where there is none.
    throw new Error(`audit.file: ${path}: ${fileProblem(error, { ENOENT: 'no such folder' })}`, {
      cause: error,
    })
  }
}

async function openNamed(path: string): Promise<AuditFile> {
  // A write to a pipe that nobody reads must not keep a thread for ever.
  const descriptor = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600)
  const stat = await fstat(descriptor)
  const isCut = stat.isFile() && stat.size > 0 && !(await endsWithNewline(path, stat.size))
  return new OpenFile(descriptor, { isRegular: stat.isFile(), isCut, isOurs: true })
}

/**
 * A file that output goes to is written to as it is: opened once more, it would be written to in two places at once. A pipe is
 * opened once more, where that can be, for its other writers need not know of `O_NONBLOCK`.
 */
async function openStandard(path: string, descriptor: number): Promise<AuditFile> {
  const stat = await fstat(descriptor)
  if (stat.isFIFO() || stat.isCharacterDevice()) {
    try {
      return await openNamed(path)
    } catch {
      // Another user's.
    }
  }
  return new OpenFile(descriptor, { isRegular: stat.isFile(), isCut: false, isOurs: false })
}

interface OpenFileOptions {
  readonly isRegular: boolean
  /** It ends in the middle of a line: a full disk, or a crash. */
  readonly isCut: boolean
  /** To be closed by us. */
  readonly isOurs: boolean
}

class OpenFile implements AuditFile {
  readonly wholeBytes: number
  readonly #descriptor: number
  readonly #isOurs: boolean
  #isCut: boolean

  constructor(descriptor: number, { isRegular, isCut, isOurs }: OpenFileOptions) {
    this.wholeBytes = isRegular ? regularBytes : pipeBytes
    this.#descriptor = descriptor
    this.#isCut = isCut
    this.#isOurs = isOurs
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#isCut) {
      await write(this.#descriptor, Buffer.from('\n'))
      this.#isCut = false
    }
    return (await write(this.#descriptor, bytes)).bytesWritten
  }

  async close(): Promise<void> {
    if (this.#isOurs) await close(this.#descriptor)
  }
}

/** Also when that cannot be known: it may be written to and not read. */
async function endsWithNewline(path: string, size: number): Promise<boolean> {
  let descriptor: number | undefined
  try {
    descriptor = await open(path, 'r')
    const { bytesRead, buffer } = await read(descriptor, Buffer.alloc(1), 0, 1, size - 1)
    return bytesRead === 0 || buffer[0] === 0x0a
  } catch {
    return true
  } finally {
    if (descriptor !== undefined) await close(descriptor)
  }
}
