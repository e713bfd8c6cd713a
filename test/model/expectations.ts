import type { Expected, ModelAnswer } from './answer.ts'
import { allBlobs, digestOf, manifests, type ManifestSource } from './materials.ts'
import type { Chunk, ManifestReference, PageChoice, PutDigest } from './operations.ts'

/** What the specification says of the parts of requests and answers: chunks, ranges, pages, faults. */

export interface Upload {
  readonly name: string
  readonly id: string
  bytes: Buffer
  open: boolean
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
}

export interface ManifestJson {
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[] | null
  readonly manifests?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

export function failure(status: number, code: string, detail?: unknown): Expected {
  return { status, errors: [{ code, ...(detail !== undefined && { detail }) }] }
}

/** What may be answered for an upload that is not there: that, or a fault that can be told without looking for it. */
export function unknownUpload(faults: readonly Expected[]): readonly Expected[] {
  return [failure(404, 'BLOB_UPLOAD_UNKNOWN'), ...faults.filter(({ status }) => status === 400)]
}

export function statusHeaders({ name, id }: Upload, size: number): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}`,
    'docker-upload-uuid': id,
    range: `0-${Math.max(0, size - 1)}`,
  }
}

export interface ChunkParts {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly faults: Expected[]
}

export function chunkOf({ blob, share, range }: Chunk, upload: Upload | undefined): ChunkParts {
  const content = blobAt(blob)
  const had = upload?.bytes ?? Buffer.alloc(0)
  const isBeginning = content.subarray(0, had.length).equals(had)
  const rest = isBeginning ? content.subarray(had.length) : content
  const bytes = rest.subarray(0, Math.ceil(rest.length * share))
  if (bytes.length === 0 || range === 'none') return { bytes, headers: {}, faults: [] }
  if (range === 'malformed') {
    const headers = { 'Content-Range': `bytes ${had.length}-${had.length + bytes.length - 1}/*` }
    return { bytes, headers, faults: [atEnd(upload)] }
  }
  const shift = range === 'gap' ? 1 : range === 'overlap' && had.length > 0 ? -1 : 0
  const start = had.length + shift
  const more = range === 'wrong length' ? 1 : 0
  const faults: Expected[] = []
  if (shift !== 0) faults.push(atEnd(upload))
  if (more > 0) faults.push(failure(400, 'SIZE_INVALID'))
  return { bytes, headers: { 'Content-Range': `${start}-${start + bytes.length - 1 + more}` }, faults }
}

/** The answer to a chunk in the wrong place says where the right one is. */
export function atEnd(upload: Upload | undefined): Expected {
  const fault = failure(416, 'RANGE_INVALID')
  return upload === undefined ? fault : { ...fault, headers: statusHeaders(upload, upload.bytes.length) }
}

export function putDigest(digest: PutDigest, whole: Buffer): string | undefined {
  switch (digest) {
    case 'missing':
      return undefined
    case 'malformed':
      return 'sha256:xyz'
    case 'other':
      return digestOf(Buffer.concat([whole, Buffer.from('?')]))
    default:
      return digestOf(whole, digest)
  }
}

export function malformed(reference: ManifestReference): Expected[] {
  if (!('malformed' in reference)) return []
  return [failure(400, reference.malformed.includes(':') ? 'DIGEST_INVALID' : 'TAG_INVALID')]
}

export function textOf(reference: ManifestReference): string {
  if ('tag' in reference) return reference.tag
  if ('malformed' in reference) return reference.malformed
  return digestOf(manifestAt(reference.of).content, reference.algorithm)
}

/** RFC 9110, 14.1.2 and 14.2: the ranges that can be satisfied; undefined where the header means nothing. */
export function satisfiable(
  header: string | undefined,
  size: number,
): (readonly [number, number])[] | undefined {
  // Of nothing there is no part: Distribution sends the whole, as Go's own server does.
  if (size === 0 || header === undefined || !header.startsWith('bytes=')) return undefined
  const ranges: (readonly [number, number])[] = []
  for (const item of header.slice('bytes='.length).split(',')) {
    const [first = '', last = ''] = item.trim().split('-')
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
    if (start <= end) ranges.push([start, end])
  }
  return ranges
}

export function multipart(
  { headers }: ModelAnswer,
  content: Buffer,
  ranges: readonly (readonly [number, number])[],
): Buffer {
  const boundary = /boundary=(.*)$/.exec(String(headers['content-type']))?.[1]
  const parts = ranges.map(([start, end]) =>
    Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
          `Content-Range: bytes ${start}-${end}/${content.length}\r\n\r\n`,
      ),
      content.subarray(start, end + 1),
      Buffer.from('\r\n'),
    ]),
  )
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
}

export function pageFaults(n: string | undefined): Expected[] {
  return n === undefined || /^\d+$/.test(n) ? [] : [failure(400, 'PAGINATION_NUMBER_INVALID')]
}

export function page(
  all: readonly string[],
  path: string,
  { n, last }: PageChoice,
  others: Readonly<Record<string, string | undefined>> = {},
): { items: string[]; link: string | undefined } {
  const rest = all.filter((item) => last === undefined || item > last).toSorted()
  if (n === undefined) return { items: rest, link: undefined }
  const items = rest.slice(0, Number(n))
  const end = items.at(-1)
  if (end === undefined || items.length === rest.length) return { items, link: undefined }
  return { items, link: `<${path}${queryOf({ ...others, last: end, n })}>; rel="next"` }
}

export function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, value)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

export function deleteValue(map: Map<string, string>, value: string): void {
  for (const [key, each] of map) if (each === value) map.delete(key)
}

export function jsonOf({ content }: ManifestSource): ManifestJson {
  return JSON.parse(content.toString()) as ManifestJson
}

export function blobAt(index: number): Buffer {
  return allBlobs[index] ?? Buffer.alloc(0)
}

export function manifestAt(index: number): ManifestSource {
  return manifests[index] ?? { mediaType: '', content: Buffer.alloc(0), valid: false }
}
