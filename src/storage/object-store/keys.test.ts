import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type StoragePath, storagePath } from '../driver.ts'
import { Keys } from './keys.ts'

describe('keys', () => {
  it("are Distribution's: the root, then the path, without slashes at either end", () => {
    const path = storagePath('docker/registry/v2/blobs')
    for (const [root, key] of [
      [undefined, 'docker/registry/v2/blobs'],
      ['', 'docker/registry/v2/blobs'],
      ['/', 'docker/registry/v2/blobs'],
      ['a', 'a/docker/registry/v2/blobs'],
      ['/a/b/', 'a/b/docker/registry/v2/blobs'],
    ] as const) {
      assert.equal(new Keys(root).object(path), key)
      assert.equal(new Keys(root).folder(path), `${key}/`)
    }
    assert.throws(() => new Keys('a').object('../b' as StoragePath), TypeError)
  })
})
