import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Thinned } from './thinned.ts'

class Scene {
  readonly written: (readonly [string, number])[] = []
  readonly others: number[] = []
  readonly thinned: Thinned<string>
  #later: (() => void)[] = []

  constructor() {
    this.thinned = new Thinned({
      write: (...line) => this.written.push(line),
      writeOthers: (count) => this.others.push(count),
      later: (work) => this.#later.push(work),
    })
  }

  secondPasses(): void {
    const due = this.#later
    assert.ok(due.length <= 1, 'one timer')
    this.#later = []
    for (const work of due) work()
  }

  get isIdle(): boolean {
    return this.#later.length === 0
  }
}

describe('what is thinned', () => {
  it('is one at once, and then the latest once a second, of each key', () => {
    const scene = new Scene()
    for (let item = 0; item < 100; item++) scene.thinned.add('a', `a${item}`)
    scene.thinned.add('b', 'b')
    assert.deepEqual(scene.written.splice(0), [
      ['a0', 1],
      ['b', 1],
    ])
    scene.secondPasses()
    assert.deepEqual(scene.written.splice(0), [['a99', 99]])
    scene.thinned.add('a', 'again')
    scene.secondPasses()
    assert.deepEqual(scene.written.splice(0), [['again', 1]])
    scene.secondPasses()
    assert.ok(scene.isIdle)
    scene.thinned.add('a', 'new')
    assert.deepEqual(scene.written, [['new', 1]])
  })

  it('is a count alone of more than twenty keys', () => {
    const scene = new Scene()
    for (let key = 0; key < 10_000; key++) scene.thinned.add(`${key}`, 'x')
    assert.equal(scene.written.length, 20)
    scene.secondPasses()
    assert.deepEqual([scene.written.length, scene.others], [20, [9_980]])
    scene.secondPasses()
    assert.ok(scene.isIdle)
    scene.thinned.add('9999', 'x')
    assert.equal(scene.written.length, 21)
  })
})
