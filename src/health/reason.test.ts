import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reasonOf } from './reason.ts'

function failure(code: string, message: string = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code })
}

describe('the reason of a failure', () => {
  it('is in words for the common codes', () => {
    assert.equal(reasonOf(failure('ECONNREFUSED')), 'connection refused')
    assert.equal(reasonOf(failure('ENOTFOUND')), 'no such host')
  })

  it('is the message of any other', () => {
    assert.equal(reasonOf(failure('CERT_HAS_EXPIRED', 'certificate has expired')), 'certificate has expired')
    assert.equal(reasonOf(new Error('stopped')), 'stopped')
    assert.equal(reasonOf('text'), 'text')
  })

  it('is never empty', () => {
    assert.equal(reasonOf(failure('EWHAT', '')), 'EWHAT')
    assert.equal(reasonOf(new TypeError('')), 'TypeError')
  })

  it('names what happened at each address of a name, once', () => {
    const both = new AggregateError([
      failure('ECONNREFUSED'),
      failure('ECONNREFUSED'),
      failure('ENETUNREACH'),
    ])
    assert.equal(reasonOf(both), 'connection refused; network is unreachable')
  })
})
