import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demand, type Caller } from './access.ts'
import { RegistryError, RegistryErrors } from './errors.ts'
import { Hidden } from './hidden.ts'
import { parseRepositoryName } from './name.ts'
import { refusalOf, refusalReason } from './refusal.ts'
import { Unauthorized } from './unauthorized.ts'

const absent = new RegistryError('MANIFEST_UNKNOWN', { detail: 'unknown tag=v1', message: 'not there' })

function reasonOf(cause?: unknown): string | undefined {
  return refusalReason(new Unauthorized({ cause }))
}

describe('a refusal', () => {
  it('is told from failures that have nothing to do with who asked', () => {
    const kinds = [
      [new Unauthorized(), 'unauthenticated'],
      [new Unauthorized({ reason: 'invalid_token' }), 'invalid_token'],
      [new Unauthorized({ reason: 'insufficient_scope' }), 'insufficient_scope'],
      [new RegistryError('UNAUTHORIZED'), 'unauthenticated'],
      [new RegistryError('DENIED'), 'denied'],
      [new Hidden(absent), 'denied'],
      [new RegistryError('TAG_IMMUTABLE'), 'immutable'],
      [new RegistryError('TOO_MANY_REQUESTS'), 'throttled'],
      [absent, undefined],
      [new RegistryError('UNSUPPORTED'), undefined],
      [new RegistryErrors([new RegistryError('MANIFEST_BLOB_UNKNOWN')]), undefined],
      [new Error('a bug'), undefined],
      [undefined, undefined],
    ] as const
    for (const [failure, kind] of kinds) assert.equal(refusalOf(failure), kind, String(failure))
  })

  it('has a reason that quotes nobody', () => {
    assert.equal(
      reasonOf(new Error('the token is expired', { cause: new Error('inner') })),
      'the token is expired',
    )
    assert.equal(reasonOf('wrong password'), 'wrong password')
    assert.equal(reasonOf({ password: 'hunter2' }), undefined)
    assert.equal(reasonOf(), undefined)
    let thrown: unknown
    try {
      JSON.parse('{"secret": hunter2}')
    } catch (error) {
      thrown = error
    }
    assert.match(String(thrown), /hunter2/)
    assert.equal(reasonOf(thrown), 'malformed')
  })

  it('of what somebody may not know of says the same as if it were not there', () => {
    const caller: Caller = { name: 'carol', judge: () => 'denied' }
    const access = { kind: 'repository', repository: parseRepositoryName('a/b'), action: 'pull' } as const
    const later = new RegistryError('NAME_UNKNOWN', { detail: { name: 'a/b' }, retryAfter: 3 })
    for (const expected of [absent, later]) {
      assert.throws(
        () => demand(caller, access, () => expected),
        (error) => {
          assert.ok(error instanceof Hidden)
          const { code, message, detail, retryAfter } = expected
          assert.deepEqual(
            [error.code, error.message, error.detail, error.retryAfter],
            [code, message, detail, retryAfter],
          )
          return true
        },
      )
    }
  })
})
