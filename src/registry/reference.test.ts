import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from './digest.ts'
import { RegistryError, type ErrorCode } from './errors.ts'
import { isTag, parseReference, parseTag } from './reference.ts'

const failsWith =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof RegistryError && error.code === code

for (const tag of ['latest', 'v1.0', 'V1', '_', '__', '1', 'a.b-c_d', 'a..b', 'a'.repeat(128), 'sha256-00']) {
  void test(`${tag.slice(0, 30)} is a tag`, () => {
    assert.equal(parseTag(tag), tag)
    assert.deepEqual(parseReference(tag), { kind: 'tag', tag })
  })
}

for (const tag of [
  '',
  '.',
  '..',
  '.a',
  '-a',
  'a/b',
  'a+b',
  'a b',
  'a\n',
  'ä',
  'a\0',
  'a'.repeat(129),
  '%2e',
]) {
  void test(`${JSON.stringify(tag).slice(0, 30)} is no tag`, () => {
    assert.equal(isTag(tag), false)
    assert.throws(() => parseTag(tag), failsWith('TAG_INVALID'))
    assert.throws(() => parseReference(tag), failsWith('TAG_INVALID'))
  })
}

void test('what holds a colon is a digest or nothing', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const digest = digestOf(Buffer.from('x'), algorithm)
    assert.deepEqual(parseReference(digest), { kind: 'digest', digest })
  }
  for (const text of ['sha256:', ':', 'a:b', `sha256:${'0'.repeat(63)}`])
    assert.throws(() => parseReference(text), failsWith('DIGEST_INVALID'))
})
