import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { digestOf } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { GuardedRedis } from './guarded-redis.ts'
import { RedisDeletions } from './redis-deletions.ts'

const repository = parseRepositoryName('a')
const digest = digestOf(Buffer.from('x'))
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** A process whose messages are kept; while `isDead`, Redis takes none. */
function startProcess(test: TestContext) {
  const state = { isDead: false }
  const sent: string[] = []
  const send = async (_key: string | undefined, [name, , message]: readonly (string | Buffer)[]) => {
    if (state.isDead) throw new Error('no answer')
    if (name === 'PUBLISH') sent.push(String(message))
    return 1
  }
  const deletions = new RedisDeletions(new GuardedRedis({ isReady: true, renew() {}, send }, 1_000, log))
  test.after(() => deletions.close())
  return { deletions, sent, state }
}

const nameOf = (number: number): string => number.toString(16).padStart(16, '0')

describe('processes that tell each other of deletions', () => {
  it('answer some that join at once, and more with one message a second', async (t) => {
    const { deletions, sent } = startProcess(t)
    for (let number = 0; number < 100; number++) deletions.heard(`here ${nameOf(number)}`)
    assert.equal(sent.length, 10)
    await delay(1_300)
    assert.equal(sent.length, 11)
    deletions.heard(`here ${nameOf(1)}`)
    await delay(1_100)
    assert.equal(sent.length, 11)
  })

  it('do not answer names that they cannot keep', async (t) => {
    const { deletions, sent } = startProcess(t)
    for (let number = 0; number < 500; number++) deletions.heard(`here ${nameOf(number)}`)
    await delay(1_300)
    const before = sent.length
    for (let number = 500; number < 600; number++) deletions.heard(`here ${nameOf(number)}`)
    await delay(1_100)
    assert.equal(sent.length, before)
  })

  it('tell a deletion though news that matter less could not be told a moment ago', async (t) => {
    const { deletions, sent, state } = startProcess(t)
    state.isDead = true
    await deletions.tell(repository)
    state.isDead = false
    await deletions.tell(repository)
    assert.deepEqual(sent, [])
    await deletions.tell(repository, digest)
    assert.equal(sent.length, 1)
    assert.match(sent[0] ?? '', new RegExp(`^changed \\w+ \\d+ a ${digest}$`))
  })
})
