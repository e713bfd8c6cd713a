import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineBatch } from './log-batch.ts'

test('lines are written together: when there are enough, after a while, and when told to', async () => {
  const written: string[] = []
  const batch = new LineBatch((lines) => written.push(lines))
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 1; i < 16; i++) batch.add(line)
  assert.equal(written.length, 0)
  batch.add(line)
  assert.deepEqual(written.splice(0), [line.repeat(16)])

  batch.add('a\n')
  batch.add('b\n')
  const started = performance.now()
  while (written.length === 0 && performance.now() - started < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.deepEqual(written.splice(0), ['a\nb\n'])

  batch.add('c\n')
  batch.flush('d\n')
  assert.deepEqual(written.splice(0), ['c\nd\n'])
  batch.flush()
  assert.deepEqual(written, [])
})
