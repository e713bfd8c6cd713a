import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRetryAfter, toProblem } from './problem.ts'

describe('a problem', () => {
  it('is what the authority says, and of the problems within the first', () => {
    const problem = toProblem(
      {
        type: 'urn:ietf:params:acme:error:rejectedIdentifier',
        detail: 'some of these are refused',
        subproblems: [{ detail: 'registry.example.com is on a list' }, { detail: 'another' }],
      },
      'otherwise',
    )
    assert.equal(problem.message, 'some of these are refused: registry.example.com is on a list')
    assert.ok(problem.is('rejectedIdentifier'))
    assert.ok(!problem.is('rejected'))
  })

  it('is something even when the authority says nothing', () => {
    for (const document of [
      undefined,
      null,
      '',
      '<html>',
      {},
      { type: 1, detail: {} },
      { subproblems: [null, 1] },
    ]) {
      const problem = toProblem(document, 'the authority answers 502')
      assert.equal(problem.message, 'the authority answers 502')
      assert.equal(problem.type, undefined)
    }
    assert.equal(toProblem({ detail: 'x'.repeat(100_000) }, '').message.length, 1000)
  })
})

describe('Retry-After', () => {
  it('is in seconds, or a date', () => {
    assert.equal(parseRetryAfter('120', 1000), 121_000)
    assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:28:00 GMT', 0), Date.UTC(2026, 9, 21, 7, 28))
    for (const other of [undefined, '', 'soon', ['1'], 5, '-1x'])
      assert.equal(parseRetryAfter(other, 0), undefined)
  })
})
