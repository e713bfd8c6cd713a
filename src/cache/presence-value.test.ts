import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { longestValue, PresenceValues, type Subject } from './presence-value.ts'

const subject: Subject = {
  kind: 'blob',
  repository: parseRepositoryName('a/b'),
  digest: digestOf(Buffer.from('x')),
}
const sighting = { since: 1_700_000_000_000, size: Number.MAX_SAFE_INTEGER }
const values = new PresenceValues('secret', 'store')
const value = values.write(subject, sighting)

describe('what Redis says of a presence', () => {
  it('is what was written', () => {
    assert.deepEqual(values.read(subject, value), sighting)
    assert.ok(value.length < longestValue)
    const manifest = { ...subject, kind: 'manifest' } as const
    const seen = { since: sighting.since, size: undefined }
    assert.deepEqual(values.read(manifest, values.write(manifest, seen)), seen)
    assert.deepEqual(new PresenceValues('secret', 'store').read(subject, value), sighting)
  })

  it('is nothing when it was written of something else, with another secret or for another store', () => {
    const others: readonly Subject[] = [
      { ...subject, kind: 'manifest' },
      { ...subject, repository: parseRepositoryName('a/c') },
      { ...subject, digest: digestOf(Buffer.from('y')) },
    ]
    for (const other of others) assert.equal(values.read(other, value), undefined)
    assert.equal(new PresenceValues('other', 'store').read(subject, value), undefined)
    assert.equal(new PresenceValues('secret', 'other').read(subject, value), undefined)
  })

  it('is nothing when a character of it was changed, added or taken away', () => {
    for (let index = 0; index < value.length; index++) {
      const changed = value[index] === '1' ? '2' : '1'
      const forged = [
        value.slice(0, index) + changed + value.slice(index + 1),
        value.slice(0, index) + value.slice(index + 1),
        `${value.slice(0, index)}1${value.slice(index)}`,
      ]
      for (const text of forged)
        if (text !== value) assert.notDeepEqual(values.read(subject, text), sighting, text)
      for (const text of forged.slice(0, 2))
        // The last character of base64 has bits that mean nothing.
        if (text !== value && index < value.length - 1)
          assert.equal(values.read(subject, text), undefined, text)
    }
    for (const text of ['', 'deleted', `${value}\n`, ` ${value}`])
      assert.equal(values.read(subject, text), undefined)
  })
})
