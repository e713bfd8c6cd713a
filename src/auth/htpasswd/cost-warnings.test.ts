import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordingLog } from '../../../test/tls/recording-log.ts'
import { warnOfCosts } from './cost-warnings.ts'
import { dummyHash } from './password-hash.ts'

function warnings(common: number, ...costs: readonly number[]): readonly (readonly [string, object])[] {
  const { log, entries } = recordingLog()
  warnOfCosts(costs.map(dummyHash), common, { path: '/x', log })
  return entries.map(({ level, message, fields }) => {
    assert.equal(level, 'warn')
    return [message.split(' ').slice(0, 3).join(' '), fields]
  })
}

describe('costs of a password file', () => {
  it('are nothing to warn of when they are alike and not high', () => {
    assert.deepEqual(warnings(10), [])
    assert.deepEqual(warnings(10, 10, 10), [])
    assert.deepEqual(warnings(13, 13, 13), [])
  })

  it('are warned of once when they are high', () => {
    assert.deepEqual(warnings(14, 14, 14), [['bcrypt costs above', { path: '/x', users: 2, highest: 14 }]])
  })

  it('are warned of once when they differ', () => {
    assert.deepEqual(warnings(10, 10, 5, 10, 12), [
      ['bcrypt costs differ,', { path: '/x', users: 2, cost: 10 }],
    ])
    assert.deepEqual(
      warnings(10, 10, 10, 15, 17).map(([message]) => message),
      ['bcrypt costs above', 'bcrypt costs differ,'],
    )
  })
})
