import type { MetricsSnapshot } from '../metrics/snapshot.ts'
import type { Child } from './child.ts'

interface Serving {
  readonly number: number
  readonly child: Pick<Child, 'channel'>
}

/** Milliseconds. Programs that read metrics wait ten seconds. */
const metricsWithin = 2_000

/**
 * What workers have counted, by number. Of one that answers, and ends while another one is waited for, nothing: what it had counted is
 * among what those counted that are gone, and would count twice.
 *
 * @param serving gives those that serve now
 */
export async function snapshotsOf(
  serving: () => readonly Serving[],
): Promise<ReadonlyMap<number, MetricsSnapshot>> {
  const answers = await Promise.all(
    serving().map(async ({ number, child }) => {
      const snapshot = await child.channel.ask('metrics', undefined, metricsWithin).catch(() => undefined)
      return { number, child, snapshot }
    }),
  )
  const left = new Set(serving().map(({ child }) => child))
  const snapshots = new Map<number, MetricsSnapshot>()
  for (const { number, child, snapshot } of answers)
    if (snapshot !== undefined && left.has(child)) snapshots.set(number, snapshot)
  return snapshots
}
