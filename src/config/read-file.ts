import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

const maxSize = 1024 * 1024

export interface ReadOptions {
  /**
   * The process runs already. A pipe is refused then: what it held is gone, and to wait for a new writer would stop the
   * process, its signals included.
   */
  readonly again?: boolean
}

/**
 * Reads a configuration file as text, in one go. May be a pipe when the process starts.
 *
 * @throws ConfigError when it cannot be read, has more than 1 MiB, or is not UTF-8
 */
export function readConfigFile(file: string, { again = false }: ReadOptions = {}): string {
  let content: Buffer
  try {
    if (again && !statSync(file).isFile()) throw problem(file, 'cannot be read again: not a regular file')
    content = readAtMost(file, maxSize + 1)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw problem(file, `cannot be read: ${reason}`)
  }
  if (content.length > maxSize) throw problem(file, 'too large: more than 1 MiB')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw problem(file, 'not UTF-8 text')
  }
}

function readAtMost(file: string, limit: number): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(limit)
    let length = 0
    while (length < limit) {
      const read = readSync(descriptor, buffer, length, limit - length, null)
      if (read === 0) break
      length += read
    }
    return buffer.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}

function problem(file: string, text: string): ConfigError {
  return new ConfigError([{ path: [], text: `${file}: ${text}` }])
}
