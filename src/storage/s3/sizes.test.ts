import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evenPartSize, largestPart, mostParts, partSize } from './sizes.ts'
import { smallestPart } from '../object-store/sizes.ts'

const mib = 1024 ** 2
const tib = 1024 ** 4

describe('sizes of parts', () => {
  it('let 10,000 parts suffice for 5 TiB, whatever they begin with', () => {
    for (const chunk of [smallestPart, 10 * mib, 100 * mib]) {
      let total = 0
      for (let sent = 0; sent < mostParts; sent++) {
        const size = partSize(chunk, sent, total)
        assert.ok(size >= chunk && size <= largestPart)
        total += size
      }
      assert.ok(total >= 5 * tib, `${total / tib} TiB`)
    }
  })

  it('are the same for as long as blobs are of a usual size', () => {
    for (const sent of [0, 1, 4_999]) assert.equal(partSize(10 * mib, sent, sent * 10 * mib), 10 * mib)
    assert.equal(partSize(10 * mib, 5_000, 50_000 * mib), 56 * mib)
  })

  it('of a known size are as asked for, or as few as there may be', () => {
    assert.equal(evenPartSize(32 * mib, 100 * mib), 32 * mib)
    const size = evenPartSize(32 * mib, 5 * tib)
    assert.ok(Math.ceil((5 * tib) / size) <= mostParts && size <= largestPart)
  })
})
