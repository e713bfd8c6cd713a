import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunningRegistry } from '../support/registry-process.ts'
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts'
import { type PushedManifest, Refused } from './client.ts'
import { type Scenario, scenarios } from './kill-scenarios.ts'
import { isFull, newRoot, type Rig, type Root, startOn } from './rig.ts'
import { assertSound } from './sound.ts'

/** Killed before the store has the request, or when it has done it and before its answer arrives. */
type Moment = 'before' | 'after'

/** Which of the requests, from 1 on. */
interface Point {
  readonly number: number
  readonly moment: Moment
}

interface Kill {
  readonly wasKilled: boolean
  readonly acknowledged: readonly PushedManifest[]
}

/** More than any scenario has. */
const mostRequests = 120

/**
 * The registry's process is killed (SIGKILL) at each of the requests that it makes of the store, in continuous integration at some
 * of them. After every other kill the client begins anew with another registry; after the others nobody ever comes back.
 */
export function describeKills(current: () => Rig): void {
  describe('killed at its requests to the store', { concurrency: 1 }, () => {
    for (const scenario of isFull ? scenarios : scenarios.filter(({ inShort }) => inShort))
      it(`loses nothing that it acknowledged: ${scenario.name}`, async (test) => {
        const root = newRoot(current())
        const living = await startOn(root)
        try {
          const acknowledged: PushedManifest[] = []
          const kills: Kill[] = []
          if (!isFull) {
            const some: readonly Point[] = [
              { number: 4, moment: 'after' },
              { number: 11, moment: 'before' },
            ]
            kills.push(...(await Promise.all(some.map((point) => kill(root, living, scenario, point)))))
          } else
            for (let number = 1; number <= mostRequests; number++) {
              const both: readonly Point[] = [
                { number, moment: 'before' },
                { number, moment: 'after' },
              ]
              const last = await Promise.all(both.map((point) => kill(root, living, scenario, point)))
              kills.push(...last)
              // There are no more requests.
              if (last.every(({ wasKilled }) => !wasKilled)) break
            }
          const reached = kills.filter(({ wasKilled }) => wasKilled).length
          test.diagnostic(`killed ${reached} times`)
          assert.ok(reached > 0 && reached < 2 * mostRequests, `killed ${reached} times`)
          for (const one of kills) acknowledged.push(...one.acknowledged)
          await assertSound(root, living.url, acknowledged)
        } finally {
          await living.stop()
        }
      })
  })
}

async function kill(
  root: Root,
  living: RunningRegistry,
  scenario: Scenario,
  { number, moment }: Point,
): Promise<Kill> {
  const repository = `${scenario.name.replaceAll(' ', '-')}/${moment}-${number}`
  const proxy = await startS3Proxy(root.rig.server.port)
  try {
    const prepared = await scenario.prepare(living.url, repository)
    const victim = await startOn(root, { endpoint: proxy.url })
    const wasKilled = killAt(proxy, victim, number, moment)
    try {
      await prepared.act(victim.url)
    } catch (error) {
      if (error instanceof Refused || error instanceof assert.AssertionError || !wasKilled()) throw error
    }
    await victim.kill()
    await victim.stop()
    await prepared.look?.(living.url)
    if (number % 2 === 0) await prepared.again(living.url)
    return { wasKilled: wasKilled(), acknowledged: prepared.acknowledged }
  } catch (error) {
    throw new Error(`${scenario.name}, killed ${moment} request ${number}`, { cause: error })
  } finally {
    await proxy.close()
  }
}

/** @returns whether it was */
function killAt(proxy: S3Proxy, victim: RunningRegistry, number: number, moment: Moment): () => boolean {
  let seen = 0
  proxy.fate = () => {
    if (++seen < number) return undefined
    // Also all that comes until the signal arrives.
    if (seen > number) return 'silence'
    if (moment === 'after')
      return {
        rewrite: async (answer) => {
          await victim.kill()
          return answer
        },
      }
    void victim.kill()
    return 'silence'
  }
  return () => seen >= number
}
