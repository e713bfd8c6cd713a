import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFields } from './log-error.ts'

function coded<Failure extends Error>(error: Failure, code: string): Failure {
  return Object.assign(error, { code })
}

const errors: readonly (readonly [string, unknown, Record<string, unknown>])[] = [
  [
    'an expected error has no stack',
    coded(new Error('no space'), 'ENOSPC'),
    { 'err.message': 'no space', 'err.code': 'ENOSPC' },
  ],
  [
    'causes are told in a row',
    coded(new Error('a', { cause: new Error('b', { cause: new Error('c', { cause: 'd' }) }) }), 'X'),
    { 'err.message': 'a', 'err.code': 'X', 'err.cause': 'b: c: d' },
  ],
  [
    'an empty message is made up from what is inside',
    coded(new AggregateError([new Error('first'), 'second']), 'ECONNREFUSED'),
    { 'err.message': 'first; second', 'err.code': 'ECONNREFUSED' },
  ],
  [
    'an empty message otherwise gives the name',
    coded(new Error(''), 'X'),
    { 'err.message': 'Error', 'err.code': 'X' },
  ],
  ['anything can be thrown', { a: 1 }, { 'err.message': '{ a: 1 }' }],
  ['even nothing', undefined, { 'err.message': 'undefined' }],
]

for (const [title, error, expected] of errors) {
  test(`fields of errors: ${title}`, () => {
    assert.deepEqual(errorFields(error, false), expected)
  })
}

test('fields of errors: the stack is there when asked for, and for bugs', () => {
  const expected = coded(new Error('x'), 'EIO')
  assert.equal(errorFields(expected, true)['err.stack'], expected.stack)
  for (const bug of [new Error('x'), new TypeError('x'), coded(new TypeError('x'), 'ERR_INVALID_ARG_TYPE')]) {
    assert.equal(errorFields(bug, false)['err.stack'], bug.stack)
  }
})

test('fields of errors: a circle of causes comes to an end', () => {
  const error = coded(new Error('x'), 'X')
  error.cause = error
  assert.equal(errorFields(error, false)['err.cause'], 'x: x: x: x: x')
})
