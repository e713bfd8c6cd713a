/** Writes tar archives (POSIX ustar) that are the same, byte for byte, whenever they hold the same. */

export interface TarEntry {
  /** Without a slash at its start; a folder's ends with one. */
  readonly path: string
  readonly mode?: number
  /** Makes it a symbolic link. */
  readonly linkTo?: string
  readonly content?: Uint8Array
  /** Instead of `content`, for large files. */
  readonly chunks?: { readonly size: number; readonly source: Iterable<Uint8Array> }
}

const block = 512

export function* tarChunks(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) {
    const size = entry.chunks?.size ?? entry.content?.length ?? 0
    yield header(entry, size)
    if (entry.chunks) yield* entry.chunks.source
    else if (entry.content) yield entry.content
    if (size % block !== 0) yield Buffer.alloc(block - (size % block))
  }
  yield Buffer.alloc(2 * block)
}

function header(entry: TarEntry, size: number): Buffer {
  const isFolder = entry.path.endsWith('/')
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`too long for a tar header: ${entry.path}`)
  const bytes = Buffer.alloc(block)
  const octal = (value: number, offset: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, '0'), offset)
  }
  bytes.write(entry.path, 0)
  octal(entry.mode ?? (isFolder ? 0o755 : 0o644), 100, 8)
  octal(0, 108, 8) // owner
  octal(0, 116, 8) // group
  octal(size, 124, 12)
  octal(0, 136, 12) // time
  bytes.fill(' ', 148, 156) // The sum counts itself as blanks.
  bytes.write(entry.linkTo !== undefined ? '2' : isFolder ? '5' : '0', 156)
  if (entry.linkTo !== undefined) bytes.write(entry.linkTo, 157)
  bytes.write('ustar\u000000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}
