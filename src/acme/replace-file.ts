import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Nobody else may read keys. */
const mode = 0o600

/**
 * Gives a file new content, in one step that a crash cannot halve: beside it, flushed, renamed over it.
 *
 * @throws the system's error; the old file is then untouched
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(temporary, 'wx', content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await flushFolder(dirname(path))
}

/** Gives an existing file new content where it is. A crash can leave a part of it. */
export async function overwriteFile(path: string, content: string): Promise<void> {
  await writeDurably(path, 'w', content)
}

async function writeDurably(path: string, flags: string, content: string): Promise<void> {
  const file = await open(path, flags, mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
