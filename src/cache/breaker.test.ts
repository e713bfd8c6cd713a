import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Breaker } from './breaker.ts'

function breakerAt(random = 0.5): { readonly breaker: Breaker; readonly wait: (ms: number) => void } {
  let now = 0
  return {
    breaker: new Breaker({ now: () => now, random: () => random }),
    wait: (ms) => void (now += ms),
  }
}

describe('a breaker', () => {
  it('lets all through while all goes well', () => {
    const { breaker } = breakerAt()
    for (let call = 0; call < 3; call++) {
      assert.ok(breaker.admits())
      breaker.succeeded()
    }
    assert.ok(breaker.isClosed)
  })

  it('lets nobody through for a while after a failure, then one alone', () => {
    const { breaker, wait } = breakerAt()
    assert.ok(breaker.admits())
    breaker.failed()
    assert.equal(breaker.admits(), false)
    wait(499)
    assert.equal(breaker.admits(), false)
    wait(1)
    assert.ok(breaker.admits())
    assert.equal(breaker.admits(), false)
    breaker.succeeded()
    assert.ok(breaker.admits())
    assert.ok(breaker.admits())
  })

  it('waits longer after each failure, up to a bound, and not the same for all', () => {
    const pauses = [0, 1].map((random) => {
      const { breaker, wait } = breakerAt(random)
      breaker.failed()
      return Array.from({ length: 6 }, () => {
        let pause = 0
        while (!breaker.admits()) {
          wait(1)
          pause++
        }
        breaker.failed()
        return pause
      })
    })
    assert.deepEqual(pauses, [
      [375, 750, 1500, 3000, 3000, 3000],
      [625, 1250, 2500, 5000, 5000, 5000],
    ])
  })

  it('takes the failures of all that were on their way for one', () => {
    const { breaker, wait } = breakerAt()
    for (let call = 0; call < 100; call++) breaker.failed()
    wait(500)
    assert.ok(breaker.admits())
  })

  it('tries again when the one it let through never came back', () => {
    const { breaker, wait } = breakerAt()
    breaker.failed()
    wait(500)
    assert.ok(breaker.admits())
    wait(4_000)
    assert.ok(breaker.admits())
  })
})
