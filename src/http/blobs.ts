import { randomBytes } from 'node:crypto'
import { blobMediaType } from '../registry/media-types.ts'
import type { Blob, ByteRange, Registry } from '../registry/registry.ts'
import { RegistryError } from '../registry/errors.ts'
import { matchesEtag } from './conditional.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange, Headers } from './exchange.ts'
import { parseRanges } from './ranges.ts'
import type { RouteOf } from './route.ts'

/** A blob never changes: a cache may keep it for a year. */
const cacheControl = 'max-age=31536000'

export async function getBlob(exchange: Exchange, registry: Registry, route: RouteOf<'blob'>): Promise<void> {
  if (await redirected(exchange, registry, route, 'GET')) return
  const { name, digest } = route
  const blob = await registry.openBlob(exchange.context, name, digest)
  const { size } = blob.descriptor
  const etag = `"${digest}"`
  const headers = headersOf(digest, etag)
  if (await answeredByCondition(exchange, etag, headers)) return

  const ifRange = exchange.header('if-range')
  const ranges =
    ifRange === undefined || ifRange === etag ? parseRanges(exchange.header('range'), size) : undefined
  const [range, another] = ranges ?? []
  if (ranges === undefined) {
    await sendPart(exchange, blob, 200, { ...headers, 'Content-Length': String(size) })
  } else if (range === undefined) {
    const error = new RegistryError('RANGE_INVALID')
    await exchange.sendError(errorResponse(error), { 'Content-Range': `bytes */${size}` })
  } else if (another === undefined) {
    const part = {
      'Content-Range': contentRange(range, size),
      'Content-Length': String(range.end - range.start + 1),
    }
    await sendPart(exchange, blob, 206, { ...headers, ...part }, range)
  } else {
    await sendParts(exchange, blob, headers, ranges)
  }
}

/** The same headers as GET without a range; the store is asked, for a client may push what it does not find. */
export async function headBlob(
  exchange: Exchange,
  registry: Registry,
  route: RouteOf<'blob'>,
): Promise<void> {
  if (await redirected(exchange, registry, route, 'HEAD')) return
  const { name, digest } = route
  const { size } = await registry.statBlob(exchange.context, name, digest)
  const etag = `"${digest}"`
  const headers = headersOf(digest, etag)
  if (await answeredByCondition(exchange, etag, headers)) return
  await exchange.sendStream(200, { ...headers, 'Content-Length': String(size) }, nothing())
}

export async function deleteBlob(
  exchange: Exchange,
  registry: Registry,
  { name, digest }: RouteOf<'blob'>,
): Promise<void> {
  await registry.deleteBlob(exchange.context, name, digest)
  await exchange.send(202)
}

/**
 * Sends the client to the store, as Distribution does: whatever conditions and ranges it asks for are the store's to heed, and of
 * the blob's headers there is the type alone. The URL is a secret for as long as it is good: no log gets it.
 */
async function redirected(
  exchange: Exchange,
  registry: Registry,
  { name, digest }: RouteOf<'blob'>,
  method: 'GET' | 'HEAD',
): Promise<boolean> {
  if (!exchange.settings.redirectsBlobs) return false
  // Whom a proxy names, as for Distribution: it is about the shortest way, not about rights.
  const use = { method, client: exchange.claimedClient }
  const url = await registry.locateBlob(exchange.context, name, digest, use)
  if (url === undefined) return false
  await exchange.send(307, { 'Content-Type': blobMediaType, Location: url.href })
  return true
}

function headersOf(digest: string, etag: string): Headers {
  return {
    'Content-Type': blobMediaType,
    'Docker-Content-Digest': digest,
    Etag: etag,
    'Cache-Control': cacheControl,
    'Accept-Ranges': 'bytes',
  }
}

/** `If-Match` and `If-None-Match` (RFC 9110, 13.2.2). */
async function answeredByCondition(exchange: Exchange, etag: string, headers: Headers): Promise<boolean> {
  const ifMatch = exchange.header('if-match')
  const ifNoneMatch = exchange.header('if-none-match')
  if (ifMatch !== undefined && !matchesEtag(ifMatch, etag)) await exchange.send(412)
  else if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) await exchange.send(304, headers)
  else return false
  return true
}

async function sendPart(
  exchange: Exchange,
  blob: Blob,
  status: number,
  headers: Headers,
  range?: ByteRange,
): Promise<void> {
  // Opened before the status line: a blob that went away is still a 404 then.
  const content = await blob.read(range)
  await exchange.sendStream(status, headers, content)
}

/** Several ranges: `multipart/byteranges` (RFC 9110, 14.6). */
async function sendParts(
  exchange: Exchange,
  blob: Blob,
  headers: Headers,
  ranges: readonly ByteRange[],
): Promise<void> {
  const { size } = blob.descriptor
  const boundary = randomBytes(16).toString('hex')
  const heads = ranges.map((range, index) =>
    Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${blobMediaType}\r\n` +
        `Content-Range: ${contentRange(range, size)}\r\n\r\n`,
    ),
  )
  const end = Buffer.from(`\r\n--${boundary}--\r\n`)
  const length = ranges.reduce(
    (sum, range, index) => sum + (heads[index]?.length ?? 0) + range.end - range.start + 1,
    end.length,
  )
  const first = await blob.read(ranges[0])
  async function* parts(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const [index, range] of ranges.entries()) {
      yield heads[index] ?? end
      yield* index === 0 ? first : await blob.read(range)
    }
    yield end
  }
  const multipart = {
    'Content-Type': `multipart/byteranges; boundary=${boundary}`,
    'Content-Length': String(length),
  }
  try {
    await exchange.sendStream(206, { ...headers, ...multipart }, parts())
  } finally {
    // The client may have gone before it was its turn.
    await first.close()
  }
}

function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
