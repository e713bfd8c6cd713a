import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { digestOf } from '../registry/digest.ts'
import { newUploadId } from '../registry/upload-id.ts'
import { RunningDigests } from './running-digests.ts'
import type { Segment } from './segment.ts'

const [one, two] = [Buffer.from('one'), Buffer.from('two')]

function segment(content: Buffer, offset: number, part: string): Segment {
  return { offset, end: offset + content.length, digest: digestOf(content), whole: true, part }
}

const first = segment(one, 0, 'aa')
const second = segment(two, one.length, 'bb')

describe('running digests', () => {
  it('know the digest of chunks that came one after the other, and of these alone', () => {
    const digests = new RunningDigests()
    const id = newUploadId()
    assert.equal(digests.before(id, 0), undefined)
    digests.add(id, first, createHash('sha256').update(one))
    assert.equal(digests.digestOf(id, [first]), digestOf(one))
    const before = digests.before(id, first.end)
    assert.ok(before !== undefined)
    digests.add(id, second, before.update(two))
    const both = digestOf(Buffer.concat([one, two]))
    assert.equal(digests.digestOf(id, [first, second]), both)
    assert.equal(digests.digestOf(id, [first, second]), both, 'also when asked again')
    // Another process may have put another part in the first one's place.
    const other = segment(Buffer.from('eno'), 0, 'cc')
    assert.equal(digests.digestOf(id, [other, second]), undefined)
    assert.equal(digests.digestOf(id, [first]), undefined)
    assert.equal(digests.digestOf(newUploadId(), [first, second]), undefined)
  })

  it('know nothing when another process took a chunk in between', () => {
    const digests = new RunningDigests()
    const id = newUploadId()
    digests.add(id, first, createHash('sha256').update(one))
    const third = segment(one, second.end, 'cc')
    assert.equal(digests.before(id, third.offset), undefined)
    digests.add(id, third, undefined)
    assert.equal(digests.digestOf(id, [first, second, third]), undefined)
    assert.equal(digests.before(id, third.end), undefined)
  })
})
