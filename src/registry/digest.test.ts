import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  algorithmOf,
  digestAlgorithms,
  digestOf,
  finishDigest,
  hexOf,
  isDigest,
  isDigestAlgorithm,
  parseDigest,
  parseDigestAlgorithm,
} from './digest.ts'
import { RegistryError } from './errors.ts'

const ofNothing = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const isInvalid = (error: unknown): boolean =>
  error instanceof RegistryError && error.code === 'DIGEST_INVALID'

void test('the digest of no bytes', () => {
  assert.equal(digestOf(new Uint8Array()), ofNothing)
  assert.equal(digestOf(new Uint8Array(), 'sha512').length, 'sha512:'.length + 128)
})

void test('a digest is the algorithm, a colon and all of the hash in lower hexadecimal digits', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom(...digestAlgorithms), (content, algorithm) => {
      const digest = digestOf(content, algorithm)
      const hex = createHash(algorithm).update(content).digest('hex')
      assert.equal(digest, `${algorithm}:${hex}`)
      assert.equal(parseDigest(digest), digest)
      assert.equal(algorithmOf(digest), algorithm)
      assert.equal(hexOf(digest), hex)
      assert.equal(finishDigest(createHash(algorithm).update(content), algorithm), digest)
      for (const wrong of [
        digest.slice(0, -1),
        `${digest}0`,
        `${digest}\n`,
        ` ${digest}`,
        digest.toUpperCase(),
        `${algorithm}:${hex.toUpperCase()}A`.slice(0, digest.length),
        `${algorithm}:${hex.slice(0, -1)}g`,
        digest.replace(':', '-'),
        digest.replace(':', '::').slice(0, digest.length),
        hex,
      ]) {
        assert.equal(isDigest(wrong), false, wrong)
        assert.throws(() => parseDigest(wrong), isInvalid)
      }
    }),
  )
})

for (const text of [
  '',
  ':',
  'sha256',
  'sha256:',
  'md5:d41d8cd98f00b204e9800998ecf8427e',
  `sha1:${'0'.repeat(40)}`,
  `sha256+b64:${'0'.repeat(64)}`,
  `toString:${'0'.repeat(64)}`,
  `__proto__:${'0'.repeat(64)}`,
  `sha256:${'../'.repeat(21)}a`,
  `sha512:${'0'.repeat(64)}`,
]) {
  void test(`${JSON.stringify(text)} is no digest`, () => {
    assert.equal(isDigest(text), false)
    assert.throws(() => parseDigest(text), isInvalid)
  })
}

void test('algorithms', () => {
  for (const algorithm of digestAlgorithms) assert.equal(parseDigestAlgorithm(algorithm), algorithm)
  for (const text of ['', 'sha-256', 'SHA256', 'md5', 'constructor', 'sha256 ']) {
    assert.equal(isDigestAlgorithm(text), false)
    assert.throws(() => parseDigestAlgorithm(text), isInvalid)
  }
})
