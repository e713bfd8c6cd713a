import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNondistributable, mediaTypes } from './media-types.ts'

void test('only foreign and nondistributable layers may be absent', () => {
  for (const type of [
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  ])
    assert.equal(isNondistributable(type), true, type)
  for (const type of [
    ...Object.values(mediaTypes),
    '',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'x application/vnd.oci.image.layer.nondistributable.v1.tar',
  ])
    assert.equal(isNondistributable(type), false, type)
})
