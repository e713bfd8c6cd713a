import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegistryError } from './errors.ts'
import { newUploadId, parseUploadId } from './upload-id.ts'

void test('an id is a UUID of version 4, as Distribution 2 makes them', () => {
  const ids = new Set(Array.from({ length: 100 }, newUploadId))
  assert.equal(ids.size, 100)
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(parseUploadId(id), id)
  }
})

void test('any other text names no upload', () => {
  const id = newUploadId()
  for (const text of [
    '',
    '..',
    '.',
    id.toUpperCase(),
    `${id}/`,
    `${id}\n`,
    id.slice(1),
    id.replaceAll('-', ''),
    `{${id}}`,
  ])
    assert.throws(
      () => parseUploadId(text),
      (error: unknown) => error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN',
    )
})
