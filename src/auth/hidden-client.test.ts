import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordingLog } from '../../test/tls/recording-log.ts'
import { hiddenClientWarning } from './hidden-client.ts'

describe('passwords through a proxy that nobody named', () => {
  it('are warned of once', () => {
    const { log, entries } = recordingLog()
    const told = hiddenClientWarning(log)
    told({ client: '127.0.0.1', hidesClient: () => false })
    assert.equal(entries.length, 0)
    told({ client: '127.0.0.1', hidesClient: () => true })
    told({ client: '192.0.2.1', hidesClient: () => true })
    assert.deepEqual(
      entries.map(({ level, fields }) => [level, fields]),
      [['warn', { client: '127.0.0.1' }]],
    )
    assert.match(entries[0]?.message ?? '', /http\.trustedproxies/)
  })
})
