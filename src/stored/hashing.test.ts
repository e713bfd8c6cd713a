import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { digestOf } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { Hashing, requireDigest, Verifying } from './hashing.ts'

const chunks = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 })
const algorithm = fc.constantFrom('sha256' as const, 'sha384' as const, 'sha512' as const)

async function* from(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* parts
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

void test('bytes go by unchanged, counted and hashed', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, algorithm, async (parts, name) => {
      const hashing = new Hashing(from(parts), name)
      const whole = Buffer.concat(parts)
      assert.deepEqual(await collect(hashing), whole)
      assert.equal(hashing.size, whole.length)
      assert.equal(hashing.digest, digestOf(whole, name))
      assert.equal(hashing.digest, digestOf(whole, name), 'asked twice')
    }),
  )
})

void test('the right digest passes, any other fails after the last byte', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, algorithm, async (parts, name) => {
      const whole = Buffer.concat(parts)
      assert.deepEqual(await collect(new Verifying(from(parts), digestOf(whole, name))), whole)
      const seen: Uint8Array[] = []
      const wrong = new Verifying(from(parts), digestOf(Buffer.concat([whole, Buffer.from('!')]), name))
      await assert.rejects(
        async () => {
          for await (const part of wrong) seen.push(part)
        },
        (error: unknown) => error instanceof RegistryError && error.code === 'DIGEST_INVALID',
      )
      assert.deepEqual(Buffer.concat(seen), whole)
    }),
  )
})

async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from('x')
  throw new RegistryError('CLIENT_CLOSED')
}

void test("a source's own failure is passed on", async () => {
  const verifying = new Verifying(breaking(), digestOf(Buffer.from('x')))
  await assert.rejects(
    collect(verifying),
    (error: unknown) => error instanceof RegistryError && error.code === 'CLIENT_CLOSED',
  )
})

void test('a reader that stops lets go of the source', async () => {
  let released = false
  async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) yield Buffer.from('x')
    } finally {
      released = true
    }
  }
  for await (const _ of new Verifying(endless(), digestOf(Buffer.from('x')))) break
  assert.equal(released, true)
})

void test('digests are compared whole', () => {
  const digest = digestOf(Buffer.from('x'))
  requireDigest(digest, digest)
  assert.throws(() => requireDigest(digestOf(Buffer.from('y')), digest), RegistryError)
  assert.throws(() => requireDigest(digestOf(Buffer.from('x'), 'sha512'), digest), RegistryError)
})
