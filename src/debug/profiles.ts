import type { Session } from 'node:inspector'

/** A profile as V8 gives it: to be saved, and loaded into a browser's developer tools. */
export type Profile = object

/** Another profile is being taken: V8 takes one of a kind, and two at once would measure each other. */
export class ProfilerBusy extends Error {
  readonly code = 'PROFILER_BUSY'

  constructor() {
    super('another profile is being taken: wait for it to end')
    this.name = 'ProfilerBusy'
  }
}

/** Of what a profile is. */
export type ProfileKind = 'cpu' | 'heap'

/** A process of which profiles can be had. */
export interface ProfileSource {
  /**
   * @param milliseconds to watch
   * @param signal ends it early: then there is no profile
   * @throws ProfilerBusy
   */
  take(kind: ProfileKind, milliseconds: number, signal: AbortSignal): Promise<Profile | undefined>
}

/** Takes profiles of this process, one at a time. */
export class Profiler implements ProfileSource {
  #isBusy = false

  async take(kind: ProfileKind, milliseconds: number, signal: AbortSignal): Promise<Profile | undefined> {
    const calls = callsOf[kind]
    if (this.#isBusy) throw new ProfilerBusy()
    this.#isBusy = true
    try {
      // Loaded when first used; the debugger itself is not opened by it.
      const { Session: InspectorSession } = await import('node:inspector')
      const session = new InspectorSession()
      session.connect()
      try {
        await post(session, calls.enable)
        await post(session, calls.start)
        await pause(milliseconds, signal)
        const { profile } = await post(session, calls.stop)
        await post(session, calls.disable)
        return signal.aborted ? undefined : profile
      } finally {
        session.disconnect()
      }
    } finally {
      this.#isBusy = false
    }
  }
}

const callsOf = {
  /** Where the processor's time goes, sampled each millisecond. */
  cpu: {
    enable: 'Profiler.enable',
    start: 'Profiler.start',
    stop: 'Profiler.stop',
    disable: 'Profiler.disable',
  },
  /**
   * What memory was allocated and is still held, by place, in samples. Holds no contents: a snapshot of the heap would have the
   * credentials of every client in it.
   */
  heap: {
    enable: 'HeapProfiler.enable',
    start: 'HeapProfiler.startSampling',
    stop: 'HeapProfiler.stopSampling',
    disable: 'HeapProfiler.disable',
  },
}

interface Posted {
  readonly profile?: Profile
}

async function post(session: Session, method: string): Promise<Posted> {
  return await new Promise((resolve, reject) => {
    session.post(method, (error: Error | null, result?: object) => {
      if (error === null) resolve(result ?? {})
      else reject(error)
    })
  })
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
}
