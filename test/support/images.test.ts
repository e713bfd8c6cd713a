import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { ImageLayout } from './images.ts'
import { run } from './run.ts'
import { digestOf, seededBytes } from './seeded.ts'
import { temporaryFolder } from './temporary-folder.ts'

void test('the same seed makes the same image, another seed another', async (t) => {
  const make = (seed: string): ReturnType<ImageLayout['addImage']> =>
    new ImageLayout(temporaryFolder(t).path).addImage({ seed, layers: [10, 2_000_000] })
  const [first, second, other] = await Promise.all([make('a'), make('a'), make('b')])
  assert.deepEqual(first, second)
  assert.notEqual(first.digest, other.digest)
  assert.deepEqual(first.layers[0], other.layers[0])
})

void test('an image holds what it says, in archives that tar reads', async (t) => {
  const layout = new ImageLayout(temporaryFolder(t).path)
  const image = await layout.addImage({ seed: 'read', layers: [1000] })
  for (const { digest, size } of [image, image.config, ...image.layers]) {
    const content = readFileSync(layout.blobPath(digest))
    assert.equal(digestOf(content), digest)
    assert.equal(content.length, size)
  }
  const [base, top] = image.layers.map(({ digest }) => gunzipSync(readFileSync(layout.blobPath(digest))))
  assert.deepEqual(image.diffIds, [digestOf(base!), digestOf(top!)])
  const listed = await run('tar', ['-tf', '-'], { input: base! })
  assert.match(listed.stdout, /^bin\/busybox$/m)
  const out = temporaryFolder(t).path
  await run('tar', ['-xf', '-', '-C', out], { input: top! })
  const file = readFileSync(`${out}/data/0`)
  assert.equal(digestOf(file), image.files[0])
  assert.deepEqual(file, seededBytes('read/0', 1000))
})
