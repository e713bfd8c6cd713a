import { parsePasswordHash } from './password-hash.ts'

/** Bytes. Some fifty thousand users. */
export const largestHtpasswd: number = 4 * 1024 * 1024

/** What a line says is wrong with it; never what stands in it but the user's name. */
export interface HtpasswdProblem {
  /** From 1. */
  readonly line: number
  readonly text: string
}

export interface ParsedHtpasswd {
  /** By name: bcrypt hashes, as they are written. */
  readonly users: ReadonlyMap<string, string>
  readonly problems: readonly HtpasswdProblem[]
}

/** Longest part of a user's name that is told. */
const longestToldName = 100

/**
 * Reads a password file as Distribution does: one `user:hash` a line, the user up to the first colon, spaces around the line ignored,
 * empty lines and those that begin with `#` skipped, and the last entry of a user counts. Unlike there, one bad line does not spoil
 * the others; it is a problem, and its user has no password. Whatever follows a bcrypt hash after another colon is ignored.
 */
export function parseHtpasswd(text: string): ParsedHtpasswd {
  const users = new Map<string, string>()
  const problems: HtpasswdProblem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) continue
    const problem = (told: string): void => void problems.push({ line: index + 1, text: told })
    const entry = parseEntry(content)
    if (entry === undefined) {
      problem('no colon, where user:hash is needed')
      continue
    }
    const { user } = entry
    // Also when its last entry is a bad one, which must not bring an earlier one back.
    users.delete(user)
    const wrong = readableNameProblem(user)
    if (wrong !== undefined) {
      problem(wrong)
      continue
    }
    const parsed = parsePasswordHash(entry.hash)
    if (parsed.kind === 'bcrypt') users.set(user, parsed.hash)
    else problem(`user ${JSON.stringify(user.slice(0, longestToldName))}: ${parsed.why}`)
  }
  return { users, problems }
}

/**
 * The text of a file that is to be edited.
 *
 * @throws Error when it is too large, or not UTF-8, so that other lines would not stay what they are
 */
export function decodeHtpasswd(bytes: Uint8Array): string {
  if (bytes.length > largestHtpasswd) throw new Error(`larger than ${largestHtpasswd} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('not UTF-8')
  }
}

/**
 * The file with that entry instead of the user's old ones, or with one more at its end. All other lines stay byte for byte.
 *
 * @throws Error when the file could not say it: see {@link userNameProblem}
 */
export function setUser(text: string, user: string, hash: string): string {
  const wrong = userNameProblem(user) ?? (/[\r\n]/.test(hash) ? 'a hash is one line' : undefined)
  if (wrong !== undefined) throw new Error(wrong)
  const entry = `${user}:${hash}`
  const lines = linesOf(text)
  const first = lines.findIndex((line) => userOf(line) === user)
  if (first >= 0) {
    return lines
      .filter((line, index) => index <= first || userOf(line) !== user)
      .map((line, index) => (index === first ? entry + endingOf(line) : line))
      .join('')
  }
  const ending = text.includes('\r\n') ? '\r\n' : '\n'
  // Distribution ends the file that it makes without a newline.
  const before = text === '' || text.endsWith('\n') ? text : text + ending
  return before + entry + ending
}

/** The file without any entry of that user; undefined when there is none. */
export function removeUser(text: string, user: string): string | undefined {
  const lines = linesOf(text)
  const others = lines.filter((line) => userOf(line) !== user)
  return others.length === lines.length ? undefined : others.join('')
}

/** Bytes; Apache's limit. */
const longestName = 255

/** What is wrong with a name for a new entry; undefined when nothing is. */
export function userNameProblem(user: string): string | undefined {
  if (user.includes(':')) return 'a user name has no colon'
  if (user !== user.trim()) return 'a user name has no spaces around it'
  if (user.startsWith('#')) return 'a user name does not begin with #'
  if (Buffer.byteLength(user) > longestName) return `a user name has at most ${longestName} bytes`
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(user)) return 'a user name has no control characters'
  return readableNameProblem(user)
}

/** What is wrong with a name that a file holds: who has none could not be told from nobody, and broken ones not from each other. */
function readableNameProblem(user: string): string | undefined {
  if (user === '') return 'a user name is not empty'
  return Buffer.from(user).toString().includes('\ufffd') ? 'a user name is in UTF-8' : undefined
}

/** With their ends. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/)
}

function endingOf(line: string): string {
  if (line.endsWith('\r\n')) return '\r\n'
  return line.endsWith('\n') ? '\n' : ''
}

function userOf(line: string): string | undefined {
  const content = line.trim()
  return content === '' || content.startsWith('#') ? undefined : parseEntry(content)?.user
}

function parseEntry(content: string): { readonly user: string; readonly hash: string } | undefined {
  const colon = content.indexOf(':')
  if (colon < 0) return undefined
  const rest = content.slice(colon + 1)
  const next = rest.startsWith('$2') ? rest.indexOf(':') : -1
  return { user: content.slice(0, colon), hash: next < 0 ? rest : rest.slice(0, next) }
}
