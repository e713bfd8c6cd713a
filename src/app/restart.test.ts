import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { needsRestart } from './restart.ts'

function load(http: object, rest: object = {}): Config {
  const defaults = { version: '0.1', storage: { inmemory: {} }, http, ...rest }
  return loadConfig({ env: {}, places: [], defaults }).config
}

describe('what only a restart changes', () => {
  it('is named', () => {
    assert.deepEqual(needsRestart(load({ addr: ':1' }), load({ addr: ':2', debug: { addr: ':3' } })), [
      'http.addr',
      'http.debug',
    ])
    const secure = { certificate: 'a', key: 'b' }
    assert.deepEqual(needsRestart(load({}), load({ tls: secure })), ['http.tls.certificate'])
    assert.deepEqual(needsRestart(load({ tls: secure }), load({ tls: { ...secure, clientcas: ['c'] } })), [
      'http.tls.clientcas',
    ])
  })

  it('is not what a reload applies', () => {
    const before = load({ tls: { certificate: 'a', key: 'b' } })
    const after = load(
      { tls: { certificate: 'c', key: 'd' }, headers: { 'X-A': ['b'] }, prefix: '/p/', draintimeout: '1s' },
      { log: { level: 'debug' }, health: { file: [{ file: 'x' }] }, catalog: { maxentries: 3 } },
    )
    assert.deepEqual(needsRestart(before, after), [])
  })
})
