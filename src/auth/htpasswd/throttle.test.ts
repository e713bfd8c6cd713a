import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Throttle, type AttemptEnd } from './throttle.ts'

const here = '192.0.2.1'
const there = '192.0.2.2'

class Scene {
  time = 1_000_000
  readonly throttle: Throttle = new Throttle(() => this.time)

  attempt(end: AttemptEnd, user: string = 'ada', address: string = here): void {
    assert.equal(this.wait(user, address), 0, 'may try')
    this.throttle.begin(user, address)(end)
  }

  /** Seconds; 0: none. */
  wait(user: string = 'ada', address: string = here): number {
    return this.throttle.barred(user, address)?.retryAfter ?? 0
  }
}

/** Of users who may not exist. */
function guess(scene: Scene, count: number): void {
  for (let index = 0; index < count; index++) scene.attempt('failed', `user-${index}`)
}

describe('failed logins of a user from an address', () => {
  it('are free five times, and then cost twice as much each time, up to a minute', () => {
    const scene = new Scene()
    const waits = Array.from({ length: 13 }, () => {
      scene.attempt('failed')
      const wait = scene.wait()
      scene.time += wait * 1000
      return wait
    })
    assert.deepEqual(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('make one wait to the end, and not longer', () => {
    const scene = new Scene()
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    scene.time += 999
    assert.equal(scene.wait(), 1)
    scene.time += 1
    assert.equal(scene.wait(), 0)
  })

  it('are forgotten by a success', () => {
    const scene = new Scene()
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    scene.time += 1_000
    scene.attempt('succeeded')
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    assert.equal(scene.wait(), 1)
  })

  it('are not forgotten by a login that could not have failed', () => {
    const scene = new Scene()
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    scene.throttle.know('ada', here)
    assert.equal(scene.wait(), 1)
  })

  it('are forgotten after ten minutes', () => {
    const scene = new Scene()
    for (let count = 0; count < 4; count++) scene.attempt('failed')
    scene.time += 10 * 60_000 - 1
    scene.attempt('failed')
    assert.equal(scene.wait(), 1)
    scene.time += 10 * 60_000
    for (let count = 0; count < 4; count++) scene.attempt('failed')
    assert.equal(scene.wait(), 0)
  })

  it('are nobody else’s, and nowhere else', () => {
    const scene = new Scene()
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    assert.equal(scene.wait('bob', here), 0)
    assert.equal(scene.wait('ada', there), 0)
    assert.equal(scene.wait('ada', here), 1)
  })

  it('are counted while nobody knows yet that they fail', () => {
    const scene = new Scene()
    const ends = Array.from({ length: 5 }, () => {
      assert.equal(scene.wait(), 0)
      return scene.throttle.begin('ada', here)
    })
    assert.equal(scene.wait(), 1)
    assert.equal(scene.wait('ada', there), 0)
    // When they turn out to be none, there is room again.
    for (const end of ends) end('dropped')
    assert.equal(scene.wait(), 0)
  })

  it('leave one try at a time after a wait', () => {
    const scene = new Scene()
    for (let count = 0; count < 5; count++) scene.attempt('failed')
    scene.time += 1_000
    assert.equal(scene.wait(), 0)
    const end = scene.throttle.begin('ada', here)
    assert.equal(scene.wait(), 1)
    end('failed')
    assert.equal(scene.wait(), 2)
  })
})

describe('failed logins from an address', () => {
  it('are sixty a minute', () => {
    const scene = new Scene()
    guess(scene, 60)
    assert.equal(scene.wait('ada', here), 60)
    assert.equal(scene.wait('ada', there), 0)
    scene.time += 59_001
    assert.equal(scene.wait('ada', here), 1)
    scene.time += 999
    assert.equal(scene.wait('ada', here), 0)
    guess(scene, 60)
    assert.equal(scene.wait('ada', here), 60)
  })

  it('do not keep out who was let in from there before', () => {
    const scene = new Scene()
    scene.attempt('succeeded', 'ada')
    guess(scene, 60)
    assert.equal(scene.wait('ada'), 0)
    assert.equal(scene.wait('bob'), 60)
    // But by his own failures, as always.
    for (let count = 0; count < 5; count++) scene.attempt('failed', 'ada')
    assert.equal(scene.wait('ada'), 1)
    scene.time += 24 * 60 * 60_000
    guess(scene, 60)
    assert.equal(scene.wait('ada'), 60, 'who was not seen for a day is not known')
  })

  it('are counted while nobody knows yet that they fail', () => {
    const scene = new Scene()
    const ends = Array.from({ length: 60 }, (_, index) => scene.throttle.begin(`user-${index}`, here))
    assert.equal(scene.wait('ada', here), 1)
    for (const end of ends) end('succeeded')
    assert.equal(scene.wait('ada', here), 0)
  })
})

describe('what is kept of failed logins', () => {
  it('does not grow without end', () => {
    const scene = new Scene()
    const longName = 'x'.repeat(3_000)
    const failures = 60_000
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < failures; index++) {
      scene.attempt('failed', `${longName}${index}`, `192.0.2.${index}`)
    }
    const grown = process.memoryUsage().heapUsed - before
    // What a name of each would take is 180 MB.
    assert.ok(grown < 60_000_000, `${grown} bytes`)
    // The latest are still there.
    for (let count = 0; count < 4; count++) scene.attempt('failed', `${longName}59999`, '192.0.2.59999')
    assert.equal(scene.wait(`${longName}59999`, '192.0.2.59999'), 1)
    // And the first are not: there is a limit.
    for (let count = 0; count < 4; count++) scene.attempt('failed', `${longName}0`, '192.0.2.0')
    assert.equal(scene.wait(`${longName}0`, '192.0.2.0'), 0)
  })
})
