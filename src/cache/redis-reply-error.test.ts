import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reasonOf, troubleOf } from './redis-reply-error.ts'

describe('an error of Redis', () => {
  it('is about a key, a command, writes or all', () => {
    assert.equal(troubleOf(new Error('WRONGTYPE Operation against a key')), 'this key')
    assert.equal(troubleOf(new Error('NOPERM this user has no permissions')), 'this command')
    assert.equal(troubleOf(new Error('ERR unknown command `SET`')), 'this command')
    assert.equal(troubleOf(new Error('OOM command not allowed')), 'writes')
    assert.equal(troubleOf(new Error('LOADING Redis is loading')), 'all')
    assert.equal(troubleOf('what'), 'all')
  })

  it('is logged without what it repeats: the password is an argument of the first command', () => {
    const old = 'ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `hunter2`, '
    const young = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH'\n'default' 'hunter2' "
    assert.equal(reasonOf(new Error(old)), 'ERR unknown command `HELLO`')
    assert.equal(reasonOf(new AggregateError([new Error(young)])), "ERR unknown command 'HELLO'")
  })

  it('is logged without passwords, wherever they are in it', () => {
    const long = `${'x'.repeat(196)} hunter2`
    assert.equal(reasonOf(new Error('no AUTH default hunter2'), ['hunter2']), 'no AUTH default ***')
    assert.equal(reasonOf(new Error(long), ['hunter2']), `${'x'.repeat(196)} ***`)
    assert.equal(reasonOf(new Error('no answer'), ['a']), 'no answer')
  })
})
