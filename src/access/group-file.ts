import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'

/** Who is in which group, by the names of groups. */
export type GroupMap = ReadonlyMap<string, ReadonlySet<string>>

/** Bytes: some hundred thousand users. */
const largest = 8 * 1024 * 1024

/**
 * Reads Apache's form of groups (mod_authz_groupfile): `NAME: user user`, a line each; several lines of one name count together;
 * empty lines and those that begin with `#` are passed over.
 *
 * @throws Error whose message names the line, and no more of it than its number
 */
export function parseGroups(text: string): GroupMap {
  const groups = new Map<string, Set<string>>()
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    if (name === '' || /\s/.test(name))
      throw new Error(`line ${index + 1} is not of the form NAME: user user`)
    const members = groups.get(name) ?? new Set()
    for (const user of line.slice(colon + 1).split(/\s+/)) if (user !== '') members.add(user)
    groups.set(name, members)
  }
  return groups
}

/** @throws Error with a line for the user */
export async function readGroups(path: string): Promise<GroupMap> {
  return parseGroups(await readText(path))
}

async function readText(path: string): Promise<string> {
  // A pipe is not waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) throw new Error('not a file')
    const chunks: Buffer[] = []
    // `end` is the last byte that is read.
    for await (const chunk of file.createReadStream({ end: largest, autoClose: false })) {
      chunks.push(chunk as Buffer)
    }
    const bytes = Buffer.concat(chunks)
    if (bytes.length > largest) throw new Error(`larger than ${largest} bytes`)
    return decode(bytes)
  } finally {
    await file.close()
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('not text in UTF-8', { cause: error })
  }
}

/** What a path led to at one time. */
export interface FileLook {
  /** Differs when the file was written, replaced or removed, or a link on the way to it led elsewhere. */
  readonly summary: string
  /** It did not change just now: the clocks of file systems tick slowly, so that it could change again and look the same. */
  readonly isSettled: boolean
}

/** Milliseconds. */
const settlingTime = 2_000

/** @param now milliseconds since 1970 */
export async function lookAt(path: string, now: number): Promise<FileLook> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
    return {
      summary: [dev, ino, size, mtimeNs, ctimeNs].join('-'),
      isSettled: Math.abs(now - Number(ctimeMs)) >= settlingTime,
    }
  } catch (error) {
    return {
      summary: error instanceof Error && 'code' in error ? String(error.code) : 'unreadable',
      isSettled: true,
    }
  }
}
