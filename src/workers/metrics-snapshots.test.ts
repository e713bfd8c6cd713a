import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test from 'node:test'
import type { MetricsSnapshot } from '../metrics/snapshot.ts'
import { Channel } from './channel.ts'
import { snapshotsOf } from './metrics-snapshots.ts'
import type { PrimaryTopics, WorkerTopics } from './topics.ts'

interface Fake {
  readonly number: number
  readonly child: { readonly channel: Channel<PrimaryTopics, WorkerTopics> }
}

/** A worker that answers whatever it is asked. */
function worker(number: number, answer: () => Promise<MetricsSnapshot>): Fake {
  const answers = new EventEmitter()
  const channel = new Channel<PrimaryTopics, WorkerTopics>({
    send: (question) => {
      void answer().then((content) => answers.emit('answer', { ...question, kind: 'answer', content }))
    },
    onMessage: (listener) => void answers.on('answer', listener),
    onClose: () => {},
  })
  return { number, child: { channel } }
}

void test('one that answered, and ended before the others did, is left out, and the next one in its place is not mistaken for it', async () => {
  for (const next of [[], [worker(1, async () => [])]]) {
    const gate = new EventEmitter()
    const slow = once(gate, 'ready').then((): MetricsSnapshot => [])
    const [one, other] = [worker(1, async () => []), worker(2, () => slow)]
    let serving = [one, other]
    const asked = snapshotsOf(() => serving)
    await new Promise((resolve) => setImmediate(resolve))
    serving = [...next, other]
    gate.emit('ready')
    assert.deepEqual([...(await asked).keys()], [2])
  }
})

void test('all that serve are in', async () => {
  const serving = [worker(1, async () => []), worker(2, async () => [])]
  assert.deepEqual([...(await snapshotsOf(() => serving)).keys()], [1, 2])
})
