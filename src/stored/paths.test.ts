import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import { parseUploadId } from '../registry/upload-id.ts'
import * as paths from './paths.ts'

const name = parseRepositoryName('team/app')
const tag = parseTag('V1.0_x')
const id = parseUploadId('01234567-89ab-4def-8123-456789abcdef')
const digest = digestOf(new Uint8Array())
const hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const wide = digestOf(new Uint8Array(), 'sha512')
const wideHex = wide.slice('sha512:'.length)
const repository = 'docker/registry/v2/repositories/team/app'

/** Users have terabytes at these paths: whoever changes one breaks their registries. */
const golden: readonly (readonly [string, string])[] = [
  [paths.blobData(digest), `docker/registry/v2/blobs/sha256/e3/${hex}/data`],
  [paths.repositoriesFolder(), 'docker/registry/v2/repositories'],
  [paths.repositoriesFolder('team'), 'docker/registry/v2/repositories/team'],
  [paths.layerLink(name, digest), `${repository}/_layers/sha256/${hex}/link`],
  [paths.layerLink(name, wide), `${repository}/_layers/sha512/${wideHex}/link`],
  [paths.revisionsFolder(name), `${repository}/_manifests/revisions`],
  [paths.revisionsFolder(name, 'sha256'), `${repository}/_manifests/revisions/sha256`],
  [paths.revisionLink(name, digest), `${repository}/_manifests/revisions/sha256/${hex}/link`],
  [paths.tagsFolder(name), `${repository}/_manifests/tags`],
  [paths.tagHistoryFolder(name, tag), `${repository}/_manifests/tags/V1.0_x/index`],
  [paths.tagLink(name, tag), `${repository}/_manifests/tags/V1.0_x/current/link`],
  [paths.tagHistoryLink(name, tag, digest), `${repository}/_manifests/tags/V1.0_x/index/sha256/${hex}/link`],
  [paths.manifestAliasLink(name, wide), `${repository}/_digests/sha512/${wideHex}/link`],
  [paths.uploadsFolder(name), `${repository}/_uploads`],
  [paths.uploadFolder(name, id), `${repository}/_uploads/${id}`],
  [paths.uploadEntry(name, id, 'startedat'), `${repository}/_uploads/${id}/startedat`],
  [paths.uploadEntry(name, id, 'algorithm'), `${repository}/_uploads/${id}/algorithm`],
  [paths.uploadEntry(name, id, 'part-00ff'), `${repository}/_uploads/${id}/part-00ff`],
  [paths.uploadEntry(name, id, 'segment-m-1'), `${repository}/_uploads/${id}/segment-m-1`],
  [paths.referrersFolder(name, digest), `${repository}/_referrers/sha256/${hex}`],
  [paths.referrersFolder(name, digest, 'sha256'), `${repository}/_referrers/sha256/${hex}/sha256`],
  [paths.referrerEntry(name, digest, wide), `${repository}/_referrers/sha256/${hex}/sha512/${wideHex}`],
  [paths.referrersComplete(name), `${repository}/_referrers/complete`],
  [paths.storeName(), 'docker/registry/v2/_berth/name'],
]

for (const [actual, expected] of golden) void test(expected, () => assert.equal(actual, expected))

void test('every function that makes a path is here', () => {
  const made = Object.values(paths).filter((each) => typeof each === 'function')
  assert.equal(made.length, 17)
})

void test('the longest name, tag and digests make paths that stores take', () => {
  const long = parseRepositoryName(`${'a'.repeat(127)}/${'b'.repeat(127)}`)
  paths.tagHistoryLink(long, parseTag('t'.repeat(128)), wide)
  paths.referrerEntry(long, wide, wide)
})

void test('a path does not leave its folder', () => {
  for (const part of ['/..', '/../x', 'a/../../b', '/', 'a\0', 'a b', '//a'])
    assert.throws(() => paths.uploadEntry(name, id, `part-${part}/x`), TypeError, part)
})
