import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VerifiedTokens } from './verified-tokens.ts'

interface World {
  readonly tokens: VerifiedTokens<string>
  readonly verified: string[]
  now: number
}

function world(size = 1000): World {
  const verified: string[] = []
  const result: World = {
    verified,
    now: 0,
    tokens: new VerifiedTokens({
      size,
      now: () => result.now,
      verify: async (token) => {
        verified.push(token)
        await new Promise((resolve) => setImmediate(resolve))
        if (token.startsWith('bad')) throw new Error(token)
        return { value: `of ${token}`, until: result.now + 100 }
      },
    }),
  }
  return result
}

const long = (name: string): string => name.repeat(400)

describe('verified tokens', () => {
  it('are verified once until they expire', async () => {
    const here = world()
    assert.equal(await here.tokens.get('a'), 'of a')
    here.now = 99
    assert.equal(await here.tokens.get('a'), 'of a')
    assert.deepEqual(here.verified, ['a'])
    here.now = 100
    await here.tokens.get('a')
    assert.deepEqual(here.verified, ['a', 'a'])
  })

  it('that come at once are verified once, good or bad', async () => {
    const here = world()
    const all = ['a', 'bad', 'a', 'bad', 'a'].map((token) => here.tokens.get(token))
    const outcomes = await Promise.allSettled(all)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(here.verified, ['a', 'bad'])
  })

  it('are forgotten where they were bad', async () => {
    const here = world()
    await assert.rejects(here.tokens.get('bad'))
    await assert.rejects(here.tokens.get('bad'))
    assert.deepEqual(here.verified, ['bad', 'bad'])
  })

  it('are no more than the size says, all together; the one that was not used for longest goes', async () => {
    const here = world(1000)
    for (const token of [long('a'), long('b'), long('a'), long('c'), long('a'), long('b')])
      // eslint-disable-next-line no-await-in-loop
      await here.tokens.get(token)
    assert.deepEqual(
      here.verified.map((token) => token[0]),
      ['a', 'b', 'c', 'b'],
    )
  })

  it('that are larger than the size are good all the same', async () => {
    const here = world(1000)
    const token = 'x'.repeat(2000)
    assert.equal(await here.tokens.get(token), `of ${token}`)
  })
})
