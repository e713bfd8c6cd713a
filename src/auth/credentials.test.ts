import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, property, string } from 'fast-check'
import { parseCredentials } from './credentials.ts'

function basic(text: string | Uint8Array): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

const other = { kind: 'other' }

void test('user and password, the user up to the first colon', () => {
  assert.deepEqual(parseCredentials(basic('ann:a:b c')), { kind: 'basic', user: 'ann', password: 'a:b c' })
  assert.deepEqual(parseCredentials(basic('änn:pässwörd')), {
    kind: 'basic',
    user: 'änn',
    password: 'pässwörd',
  })
  assert.deepEqual(parseCredentials(basic('ann:')), { kind: 'basic', user: 'ann', password: '' })
  assert.deepEqual(parseCredentials(basic('ann:x').replace('Basic', 'bAsIc')), {
    kind: 'basic',
    user: 'ann',
    password: 'x',
  })
})

void test('a token', () => {
  assert.deepEqual(parseCredentials('Bearer a.b.c'), { kind: 'bearer', token: 'a.b.c' })
  assert.deepEqual(parseCredentials('bearer a.b.c'), { kind: 'bearer', token: 'a.b.c' })
})

void test('nothing', () => {
  assert.deepEqual(parseCredentials(undefined), { kind: 'none' })
  assert.deepEqual(parseCredentials(''), { kind: 'none' })
  // An empty user with an empty password: clients that are not logged in.
  assert.deepEqual(parseCredentials('Basic Og=='), { kind: 'none' })
})

void test('what is none of these', () => {
  for (const header of [
    'Basic',
    'Basic ',
    'Basic  x',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Digest username="x"',
    'Negotiate abc',
    'Basic !!!!',
    basic('no colon'),
    basic('ann\0:x'),
    basic('ann:x\0y'),
    basic('ann\n:x'),
    basic(`ann:${'x'.repeat(4096)}`),
    ' ',
    'ann:x',
  ]) {
    assert.deepEqual(parseCredentials(header), other, JSON.stringify(header))
  }
})

void test('what is not UTF-8 is nobody: two of them must not be one', () => {
  assert.deepEqual(parseCredentials(basic(Uint8Array.of(0x61, 0xff, 0x3a, 0x62))), other)
})

void test('every user and password that may be, comes through', () => {
  const printable = string({ unit: 'grapheme', maxLength: 50 }).filter((text) => !/\p{Cc}/u.test(text))
  check(
    property(
      printable.filter((text) => text !== '' && !text.includes(':')),
      printable,
      (user, password) => {
        assert.deepEqual(parseCredentials(basic(`${user}:${password}`)), { kind: 'basic', user, password })
      },
    ),
  )
})
