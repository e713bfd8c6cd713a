import assert from 'node:assert/strict'
import test from 'node:test'
import { Lives } from './lives.ts'

void test('each short life makes the next wait longer, up to a bound', () => {
  const lives = new Lives()
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map(() => lives.ended(1_000)),
    [100, 200, 400, 800, 1600, 3200, 5000, 5000],
  )
})

void test('a long life makes up for all short ones', () => {
  const lives = new Lives()
  for (let count = 0; count < 7; count++) lives.ended(10)
  assert.equal(lives.isHopeless(undefined), true)
  assert.equal(lives.isHopeless(29_999), true)
  assert.equal(lives.isHopeless(30_000), false, 'while it lasts')
  assert.equal(lives.ended(30_000), 100)
  assert.equal(lives.isHopeless(undefined), false)
})

void test('seven are enough, and six are not', () => {
  const lives = new Lives()
  for (let count = 0; count < 6; count++) lives.ended(10)
  assert.equal(lives.isHopeless(undefined), false)
  lives.ended(10)
  assert.equal(lives.isHopeless(undefined), true)
})
