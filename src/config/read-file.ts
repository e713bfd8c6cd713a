import { closeSync, openSync, readSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

const maxSize = 1024 * 1024

/**
 * Reads a configuration file as text, in one go at the start of the process. May be a pipe.
 *
 * @throws ConfigError when it cannot be read, has more than 1 MiB, or is not UTF-8
 */
export function readConfigFile(file: string): string {
  let content: Buffer
  try {
    content = readAtMost(file, maxSize + 1)
  } catch (error) {
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
