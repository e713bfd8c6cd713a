import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Log } from '../registry/context.ts'
import { plainHttpWarning, type PasswordRequest } from './plain-http.ts'

function fail(): never {
  assert.fail('a warning, and nothing else')
}

function warning(): { readonly lines: object[]; readonly told: (request: PasswordRequest) => void } {
  const lines: object[] = []
  const log: Log = { debug: fail, info: fail, error: fail, warn: (fields) => lines.push(fields) }
  return { lines, told: plainHttpWarning(log) }
}

const plain = (): boolean => false
const encrypted = (): boolean => true

describe('passwords over plain HTTP', () => {
  it('are warned of once, by the address they came from', () => {
    const { lines, told } = warning()
    told({ client: '192.0.2.1', isEncrypted: plain })
    told({ client: '192.0.2.2', isEncrypted: plain })
    assert.deepEqual(lines, [{ client: '192.0.2.1' }])
  })

  it('are nothing to warn of by TLS, nor from this machine', () => {
    const { lines, told } = warning()
    told({ client: '192.0.2.1', isEncrypted: encrypted })
    for (const client of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', undefined])
      told({ client, isEncrypted: plain })
    assert.deepEqual(lines, [])
  })

  it('are warned of when they come after others that were fine', () => {
    for (const client of ['2001:db8::1', '::ffff:192.0.2.1', '128.0.0.1', '0.0.0.0', '127.example']) {
      const { lines, told } = warning()
      told({ client: '127.0.0.1', isEncrypted: plain })
      told({ client, isEncrypted: plain })
      assert.deepEqual(lines, [{ client }])
    }
  })
})
