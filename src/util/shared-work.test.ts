import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SharedWork } from './shared-work.ts'

describe('shared work', () => {
  it('is done once for all who ask while so much is running, and begins after they asked', async () => {
    const ends: (() => void)[] = []
    let begun = 0
    const shared = new SharedWork(async (_key: string) => {
      const own = ++begun
      await new Promise<void>((resolve) => ends.push(resolve))
      return own
    })
    const asked = Array.from({ length: 10 }, () => shared.do('a'))
    assert.equal(begun, 2)
    ends.shift()?.()
    await asked[0]
    assert.equal(begun, 3)
    const late = shared.do('a')
    ends.shift()?.()
    ends.shift()?.()
    assert.deepEqual(await Promise.all(asked), [1, 2, 3, 3, 3, 3, 3, 3, 3, 3])
    await turn()
    ends.shift()?.()
    assert.equal(await late, 4)
  })

  it('does not mix up keys, and forgets them', async () => {
    const shared = new SharedWork(async (key: string) => key)
    const keys = Array.from({ length: 30 }, (_, index) => `k${index % 10}`)
    assert.deepEqual(await Promise.all(keys.map((key) => shared.do(key))), keys)
  })

  it('tells each who shared it that it failed, and goes on afterwards', async () => {
    let fails = true
    const shared = new SharedWork(async (_key: string) => {
      await turn()
      if (fails) throw new Error('down')
      return 'up'
    })
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => shared.do('a')))
    assert.ok(asked.every(({ status }) => status === 'rejected'))
    fails = false
    assert.equal(await shared.do('a'), 'up')
  })
})
