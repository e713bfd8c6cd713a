/**
 * Why a file could not be read or written, in a few words, without its path.
 *
 * @param special what some codes mean where it was tried, in place of the usual words
 */
export function fileProblem(error: unknown, special: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error) ?? ''
  return special[code] ?? usual(code) ?? error.message
}

/** Such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function usual(code: string): string | undefined {
  if (code !== 'EACCES') return words.get(code)
  return `permission denied for the user of this process (uid ${process.geteuid?.() ?? 'unknown'})`
}

const words: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['EISDIR', 'it is a folder, not a file'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'no space left on the device'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['ELOOP', 'too many symbolic links'],
  ['ENXIO', 'nobody reads this pipe'],
])
