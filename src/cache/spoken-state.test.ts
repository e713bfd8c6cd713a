import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SpokenState } from './spoken-state.ts'

it('a change of state is said once, and what comes and goes is not said each time', () => {
  const lines: string[] = []
  let now = 0
  const say = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  const log = { debug: say, info: say, warn: say, error: say }
  const state = new SpokenState({ log, lost: 'lost', found: 'found', now: () => now })
  state.found()
  state.lost('a')
  state.lost('a')
  state.lost('b')
  state.found()
  now = 9_999
  state.lost('a')
  state.found()
  state.lost('a')
  now = 10_000
  state.lost('c')
  now = 69_999
  state.lost('d')
  now = 70_000
  state.lost('d')
  state.found()
  state.found()
  assert.deepEqual(lines, [
    'lost {"reason":"a"}',
    'found {}',
    'lost {"reason":"c"}',
    'lost {"reason":"d"}',
    'found {}',
  ])
})
