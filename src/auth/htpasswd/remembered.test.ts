import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { Remembered } from './remembered.ts'

const login = { name: 'ada', stamp: '0123456789abcdef' }
const minute = 60_000

describe('remembered credentials', () => {
  it('are remembered for five minutes', () => {
    let time = 0
    const remembered = new Remembered(() => time)
    const digest = remembered.digest('ada', 'hash', 'secret')
    assert.equal(remembered.get(digest), undefined)
    remembered.add(digest, login)
    time += 5 * minute - 1
    assert.deepEqual(remembered.get(digest), login)
    time += 1
    assert.equal(remembered.get(digest), undefined)
  })

  it('are proven for twelve hours, where they were used', () => {
    let time = 0
    const remembered = new Remembered(() => time)
    const digest = remembered.digest('ada', 'hash', 'secret')
    remembered.prove(digest, '192.0.2.1')
    time += 12 * 60 * minute - 1
    assert.equal(remembered.isProven(digest, '192.0.2.1'), true)
    assert.equal(remembered.isProven(digest, '192.0.2.2'), false)
    time += 1
    assert.equal(remembered.isProven(digest, '192.0.2.1'), false)
  })

  it('are others when user, stored hash or password is another', () => {
    const { digest } = { digest: Remembered.prototype.digest.bind(new Remembered(() => 0)) }
    fc.assert(
      fc.property(
        fc.tuple(fc.string(), fc.string(), fc.string()),
        fc.tuple(fc.string(), fc.string(), fc.string()),
        (one, other) => {
          const isSame = one.every((part, index) => part === other[index])
          assert.equal(digest(...one) === digest(...other), isSame)
        },
      ),
    )
    assert.notEqual(digest('a', 'b', 'c'), digest('ab', '', 'c'))
    assert.notEqual(digest('a', 'b', 'c'), digest('a', 'bc', ''))
    assert.equal(digest('a', 'b', 'c'), digest('a', 'b', 'c'))
  })

  it('are others in each process', () => {
    const digests = [1, 2].map(() => new Remembered(() => 0).digest('ada', 'hash', 'secret'))
    assert.notEqual(digests[0], digests[1])
  })

  it('hold no password', () => {
    const remembered = new Remembered(() => 0)
    const digest = remembered.digest('ada', 'the-hash', 'the-secret')
    remembered.add(digest, login)
    remembered.prove(digest, '192.0.2.1')
    assert.doesNotMatch(inspect(remembered, { depth: 9, showHidden: true }) + digest, /the-secret|the-hash/)
  })

  it('are not more than ten thousand', () => {
    const remembered = new Remembered(() => 0)
    for (let index = 0; index < 10_001; index++) {
      remembered.add(String(index), login)
      remembered.prove(String(index), 'x')
    }
    assert.equal(remembered.get('0'), undefined)
    assert.equal(remembered.isProven('0', 'x'), false)
    assert.deepEqual(remembered.get('1'), login)
    assert.equal(remembered.isProven('1', 'x'), true)
  })
})
