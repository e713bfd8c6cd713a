import assert from 'node:assert/strict'
import test from 'node:test'
import { NoAnswer } from './channel.ts'
import { MergedHealth, type Asked } from './merged-health.ts'

type Say = () => Promise<Readonly<Record<string, string>>>

function worker(number: number, say: Say): Asked {
  return { number, ask: say }
}

const silent: Say = async () => {
  throw new NoAnswer('no answer')
}

void test('what fails in one fails', async () => {
  const health = new MergedHealth()
  assert.deepEqual(await health.failures([worker(1, async () => ({})), worker(2, async () => ({}))]), {})
  const failures = await health.failures([
    worker(1, async () => ({ storage: 'one' })),
    worker(2, async () => ({ storage: 'other', tcp: 'closed' })),
  ])
  assert.deepEqual(failures, { storage: 'one', tcp: 'closed' })
})

void test('one that is silent for a moment is as it was, and fails later', async () => {
  let now = 0
  const health = new MergedHealth(() => now)
  await health.failures([worker(1, async () => ({ tcp: 'closed' }))])
  assert.deepEqual(await health.failures([worker(1, silent)]), { tcp: 'closed' })
  now = 14_000
  assert.deepEqual(await health.failures([worker(1, silent)]), { tcp: 'closed' })
  now = 15_000
  assert.deepEqual(await health.failures([worker(1, silent)]), {
    tcp: 'closed',
    'worker 1': 'no answer for 15 s',
  })
  assert.deepEqual(await health.failures([worker(1, async () => ({}))]), {})
})

void test('one that is away is no failure while another one serves', async () => {
  const health = new MergedHealth()
  await health.failures([worker(1, async () => ({ tcp: 'closed' })), worker(2, async () => ({}))])
  assert.deepEqual(await health.failures([worker(2, async () => ({}))]), {})
  assert.deepEqual(await health.failures([]), { workers: 'none of them serves now' })
})
