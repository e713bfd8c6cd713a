import { readSmallFile } from '../util/small-file.ts'

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
export async function readGroupFile(path: string): Promise<string> {
  return decode(await readSmallFile(path, largest))
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('not text in UTF-8', { cause: error })
  }
}
