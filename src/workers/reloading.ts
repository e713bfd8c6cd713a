import type { Member } from './supervisor.ts'
import type { Wanted } from './topics.ts'

/** Milliseconds to read certificates, passwords and the like. */
const prepareWithin = 30_000

/** Milliseconds for what cannot fail. */
const applyWithin = 10_000

/**
 * Lets all workers make ready for a configuration.
 *
 * @throws Error of what one of them said, or did not say: then none is to take it into use
 */
export async function prepareAll(members: readonly Member[], wanted: Wanted): Promise<void> {
  const outcomes = await Promise.allSettled(
    members.map(({ child }) => child.channel.ask('prepare', wanted, prepareWithin)),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') continue
    const reason = messageOf(outcome.reason)
    // What all say is not about one of them.
    const isOfAll = outcomes.every(
      (other) => other.status === 'rejected' && messageOf(other.reason) === reason,
    )
    throw new Error(isOfAll ? reason : `worker ${members[index]?.number ?? ''}: ${reason}`, {
      cause: outcome.reason,
    })
  }
}

/**
 * Lets all take it into use. One that does not is of no more use itself: it is killed, and the next one begins by the new
 * configuration.
 *
 * @returns the numbers of those that were killed
 */
export async function applyAll(members: readonly Member[]): Promise<readonly number[]> {
  const killed: number[] = []
  await Promise.all(
    members.map(async ({ number, child }) => {
      try {
        await child.channel.ask('apply', undefined, applyWithin)
      } catch {
        child.kill('SIGKILL')
        killed.push(number)
      }
    }),
  )
  return killed
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
