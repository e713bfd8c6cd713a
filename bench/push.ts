import type { Connection } from './connection.ts'
import type { Payload } from './payload.ts'

const empty = { 'Content-Length': '0' }

/** Pushes a blob as Docker does: POST opens the upload, one PATCH brings the bytes in chunked encoding, PUT commits. */
export async function pushBlob(connection: Connection, repository: string, blob: Payload): Promise<void> {
  const opened = await openUpload(connection, repository)
  const patched = await connection.expect(202, {
    method: 'PATCH',
    path: opened,
    headers: { 'Content-Type': 'application/octet-stream', 'Transfer-Encoding': 'chunked' },
    body: blob.chunked(),
  })
  await commit(connection, locationOf(patched), blob)
}

/** As `pushBlob`, after the HEAD by which Docker asks whether the blob is there. */
export async function pushNewBlob(connection: Connection, repository: string, blob: Payload): Promise<void> {
  await connection.expect(404, { method: 'HEAD', path: `/v2/${repository}/blobs/${blob.digest}` })
  await pushBlob(connection, repository, blob)
}

/** Opens an upload and sends the blob in PATCHes of `chunkSize` with Content-Range. Gives the location to commit at. */
export async function sendInChunks(
  connection: Connection,
  repository: string,
  blob: Payload,
  chunkSize: number,
): Promise<string> {
  let location = await openUpload(connection, repository)
  for (let start = 0; start < blob.size; start += chunkSize) {
    const end = Math.min(blob.size, start + chunkSize)
    const answer = await connection.expect(202, {
      method: 'PATCH',
      path: location,
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `${start}-${end - 1}`,
        'Content-Length': String(end - start),
      },
      body: [blob.slice(start, end)],
    })
    location = locationOf(answer)
  }
  return location
}

/** Ends an upload whose bytes have all been sent. */
export async function commit(connection: Connection, location: string, blob: Payload): Promise<void> {
  const separator = location.includes('?') ? '&' : '?'
  await connection.expect(201, {
    method: 'PUT',
    path: `${location}${separator}digest=${encodeURIComponent(blob.digest)}`,
    headers: empty,
  })
}

export async function pushManifest(
  connection: Connection,
  repository: string,
  tag: string,
  mediaType: string,
  manifest: Payload,
): Promise<void> {
  await connection.expect(201, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { 'Content-Type': mediaType, 'Content-Length': String(manifest.size) },
    body: manifest.plain(),
  })
}

async function openUpload(connection: Connection, repository: string): Promise<string> {
  return locationOf(
    await connection.expect(202, {
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/`,
      headers: empty,
    }),
  )
}

/** The path to go on at: servers give it with or without their address. */
function locationOf(answer: { header(name: string): string | undefined }): string {
  const location = answer.header('location')
  if (location === undefined) throw new Error('an answer without Location')
  return location.replace(/^https?:\/\/[^/]+/, '')
}
