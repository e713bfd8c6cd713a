import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordingLog } from '../../../test/tls/recording-log.ts'
import { warnOfCosts } from './cost-warnings.ts'

function warnings(...costs: readonly number[]): readonly (readonly [string, object])[] {
  const { log, entries } = recordingLog()
  warnOfCosts(costs, { path: '/x', log })
  return entries.map(({ level, message, fields }) => {
    assert.equal(level, 'warn')
    return [message.split(' ').slice(0, 3).join(' '), fields]
  })
}

describe('costs of a password file', () => {
  it('are nothing to warn of when they are not high', () => {
    assert.deepEqual(warnings(), [])
    assert.deepEqual(warnings(10, 5, 13), [])
  })

  it('are warned of once when they are high', () => {
    assert.deepEqual(warnings(14, 10, 15), [['bcrypt costs above', { path: '/x', users: 2, highest: 15 }]])
  })
})
