import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Door, type Taker } from './door.ts'

interface Worker extends Taker {
  readonly given: Socket[]
}

/** Answers what was said last, or as it was told. */
function worker(answer: () => Promise<boolean> = async () => true): Worker {
  const given: Socket[] = []
  return {
    given,
    give: async (socket) => {
      given.push(socket)
      return await answer()
    },
  }
}

async function openDoor(t: TestContext): Promise<{ door: Door; client: () => Promise<Socket> }> {
  const door = new Door()
  const address = await door.open({ host: '127.0.0.1', port: 0 }, 'here')
  t.after(() => door.close())
  const port = Number(address.split(':')[1])
  return {
    door,
    client: async () => {
      const socket = connect(port, '127.0.0.1')
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    },
  }
}

void test('who has the fewest gets the next', async (t) => {
  const { door, client } = await openDoor(t)
  const [one, other] = [worker(), worker()]
  door.add(one)
  door.add(other)
  for (let count = 0; count < 6; count++) await client()
  await delay(20)
  assert.deepEqual([one.given.length, other.given.length], [3, 3])
  door.has(one, 0)
  for (let count = 0; count < 3; count++) await client()
  await delay(20)
  assert.deepEqual([one.given.length, other.given.length], [6, 3])
})

void test('one that is stuck is waited for a moment, and the others get what comes', async (t) => {
  const { door, client } = await openDoor(t)
  const stuck = worker(() => new Promise(() => {}))
  door.add(stuck)
  await client()
  await delay(20)
  assert.equal(stuck.given.length, 1)
  const other = worker()
  door.add(other)
  for (let count = 0; count < 5; count++) await client()
  await delay(100)
  assert.deepEqual([stuck.given.length, other.given.length], [1, 5])
})

void test('what one does not take, or takes with it, another one gets', async (t) => {
  for (const answer of [
    async (): Promise<boolean> => false,
    async (): Promise<boolean> => await Promise.reject(new Error('gone')),
  ]) {
    const { door, client } = await openDoor(t)
    const [gone, other] = [worker(answer), worker()]
    door.add(gone)
    const socket = await client()
    await delay(20)
    assert.equal(gone.given.length, 1)
    assert.ok(!socket.closed)
    door.add(other)
    await delay(20)
    assert.equal(other.given.length, 1)
    await client()
    await delay(20)
    assert.deepEqual([gone.given.length, other.given.length], [1, 2], 'it is asked no more')
  }
})

void test('who comes while there is nobody waits, until the door is closed', async (t) => {
  const { door, client } = await openDoor(t)
  const socket = await client()
  socket.write('hello')
  await delay(20)
  assert.ok(!socket.closed)
  const late = worker()
  door.add(late)
  await delay(20)
  assert.equal(late.given[0]?.bytesRead, 0, 'nothing is read from it')
  door.remove(late)
  const other = await client()
  const closed = once(other, 'close')
  door.close()
  await closed
})
