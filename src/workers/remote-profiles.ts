import {
  ProfilerBusy,
  type Profile,
  type ProfileKind,
  type ProfileSource,
  type Profiler,
} from '../debug/profiles.ts'
import type { Channel } from './channel.ts'
import type { PrimaryTopics, WorkerTopics } from './topics.ts'

/** Milliseconds to make a profile of what was seen, and to send it. */
const moreTime = 30_000

/** Profiles of a worker, for the primary. */
export class RemoteProfiles implements ProfileSource {
  readonly #channel: () => Channel<PrimaryTopics, WorkerTopics> | undefined

  /** @param channel to the worker that has the number now, if there is one */
  constructor(channel: () => Channel<PrimaryTopics, WorkerTopics> | undefined) {
    this.#channel = channel
  }

  async take(kind: ProfileKind, milliseconds: number, signal: AbortSignal): Promise<Profile | undefined> {
    const channel = this.#channel()
    if (channel === undefined) throw new Error('the worker is being started again')
    const end = (): void => channel.tell('endProfile', undefined)
    signal.addEventListener('abort', end)
    try {
      const taken = await channel.ask('profile', { kind, milliseconds }, milliseconds + moreTime)
      if (taken === 'busy') throw new ProfilerBusy()
      return taken
    } finally {
      signal.removeEventListener('abort', end)
    }
  }
}

/** In a worker: takes profiles for the primary. */
export function giveProfiles(channel: Channel<WorkerTopics, PrimaryTopics>, profiler: Profiler): void {
  let current: AbortController | undefined
  channel.answer('profile', async ({ kind, milliseconds }) => {
    if (current !== undefined) return 'busy'
    current = new AbortController()
    try {
      return await profiler.take(kind, milliseconds, current.signal)
    } finally {
      current = undefined
    }
  })
  channel.answer('endProfile', () => current?.abort())
}
