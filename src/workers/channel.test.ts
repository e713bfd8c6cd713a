import assert from 'node:assert/strict'
import test from 'node:test'
import { Channel, NoAnswer, type Port } from './channel.ts'

type Sums = { readonly add: { readonly ask: readonly number[]; readonly answer: number } }

interface Side {
  readonly channel: Channel<Sums, Sums>
  /** The other side's end, as this side sees it. */
  close(): void
}

function sides(): readonly [Side, Side] {
  const listeners: ((message: unknown) => void)[][] = [[], []]
  const closers: (() => void)[][] = [[], []]
  const side = (own: 0 | 1): Side => {
    const port: Port = {
      send: (message) => {
        const copy: unknown = structuredClone(message)
        setImmediate(() => listeners[1 - own]?.forEach((listener) => listener(copy)))
      },
      onMessage: (listener) => void listeners[own]?.push(listener),
      onClose: (listener) => void closers[own]?.push(listener),
    }
    return { channel: new Channel(port), close: () => closers[own]?.forEach((closer) => closer()) }
  }
  return [side(0), side(1)]
}

void test('questions get their own answers, whatever the order', async () => {
  const [one, other] = sides()
  other.channel.answer('add', async (numbers) => {
    await new Promise((resolve) => setTimeout(resolve, numbers[0]))
    return numbers.reduce((sum, number) => sum + number, 0)
  })
  const answers = await Promise.all([
    one.channel.ask('add', [20, 1], 1000),
    one.channel.ask('add', [1, 2], 1000),
  ])
  assert.deepEqual(answers, [21, 3])
})

void test('a failure arrives as its message', async () => {
  const [one, other] = sides()
  await assert.rejects(one.channel.ask('add', [], 1000), { message: 'nobody answers to add' })
  other.channel.answer('add', () => {
    throw new Error('no numbers')
  })
  await assert.rejects(one.channel.ask('add', [], 1000), { message: 'no numbers' })
})

void test('nobody waits for ever', async () => {
  const [one, other] = sides()
  other.channel.answer('add', () => new Promise<number>(() => {}))
  await assert.rejects(one.channel.ask('add', [], 10), NoAnswer)
  const asked = one.channel.ask('add', [], 10_000)
  one.close()
  await assert.rejects(asked, NoAnswer)
  await assert.rejects(one.channel.ask('add', [], 10_000), NoAnswer)
  one.channel.tell('add', [])
})

void test('messages of others are passed over', async () => {
  const heard: ((message: unknown) => void)[] = []
  const channel = new Channel<Sums, Sums>({
    send: () => {
      throw new Error('gone')
    },
    onMessage: (listener) => void heard.push(listener),
    onClose: () => {},
  })
  for (const message of [undefined, null, 'text', { cmd: 'NODE_X' }, { berth: true, kind: 'answer', id: 7 }])
    heard.forEach((listener) => listener(message))
  await assert.rejects(channel.ask('add', [], 1000), NoAnswer)
})
