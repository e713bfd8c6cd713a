import type { Log } from '../registry/context.ts'
import { describeEnd, type Child, type ChildEnd } from './child.ts'
import { Place } from './place.ts'
import type { Beginning } from './topics.ts'
import type { Told } from './told.ts'
import { Watch, type WatchTimes } from './watch.ts'

/** A worker that runs and has its configuration. */
export interface Member {
  readonly number: number
  readonly child: Child
  readonly isReady: boolean
}

export interface SupervisorOptions {
  readonly count: number
  readonly log: Log
  readonly fork: (number: number) => Child
  /** What a worker begins with. It may have to wait. */
  readonly begin: (number: number) => Promise<Omit<Beginning, 'number' | 'count' | 'isFirst'>>
  /** Told of a worker's end, and whether somebody asked it to end by a signal. */
  readonly onEnd?: (number: number, child: Child | undefined, wasAsked: boolean) => void
  /** Told of one that can be given connections, ... */
  readonly onReady?: (child: Child) => void
  /** ... and of how many it has. */
  readonly onOpen?: (child: Child, open: number) => void
  /** Told once that there is no hope: no worker lasts. */
  readonly onHopeless: (error: Error) => void
  /** Milliseconds of a clock that does not jump. */
  readonly now?: () => number
  /** How those that hang are found. */
  readonly watch?: WatchTimes
}

/**
 * Milliseconds after which a worker that got a signal ends: then the signal was for it alone. One that was sent to all processes comes
 * to the primary as well, which says how they end.
 */
const signalPatience = 1_000

/** Milliseconds that a worker has to forget what another one deleted. */
const toldWithin = 1_000

/** Milliseconds for an order of a certificate: clients wait no longer. */
const orderWithin = 120_000

/**
 * Starts workers, starts those again that end, and ends all. One of them, the lead, does what one alone has to do.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #now: () => number
  readonly #places: readonly Place[]
  readonly #watch: Watch
  #lead: Place | undefined
  #state: 'starting' | 'running' | 'ending' = 'starting'
  /** All are to end soon. */
  #isRetired = false
  #onEmpty: (() => void) | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#now = options.now ?? ((): number => performance.now())
    this.#places = Array.from({ length: options.count }, (_, index) => new Place(index + 1))
    const ready = (): readonly Member[] => this.members.filter(({ isReady }) => isReady)
    this.#watch = new Watch(options.log, ready, options.watch)
  }

  /** Those that run and have their configuration. */
  get members(): readonly Member[] {
    return this.#places.flatMap(({ number, child, hasBegun, isReady }) =>
      child !== undefined && hasBegun ? [{ number, child, isReady }] : [],
    )
  }

  /** How many are to serve, and how many do. */
  get counts(): { readonly wanted: number; readonly serving: number } {
    return { wanted: this.#places.length, serving: this.#places.filter(({ isReady }) => isReady).length }
  }

  /**
   * Starts one, which finds out whether it can be done, then the others.
   *
   * @throws Error of one line; none runs then
   */
  async start(): Promise<void> {
    const [first, ...others] = this.#places
    if (first === undefined) throw new Error('no workers')
    try {
      await this.#launch(first)
      await Promise.all(others.map((place) => this.#launch(place)))
      if (this.#state !== 'starting') return
      this.#state = 'running'
      this.#watch.start()
    } catch (error) {
      this.killAll()
      throw error
    }
  }

  /** To be called some time before `stop`: workers tell load balancers to send no more. */
  retire(): void {
    this.#isRetired = true
    for (const { child } of this.members) child.channel.tell('retire', undefined)
  }

  /**
   * Lets all finish what is in flight, and end.
   *
   * @param milliseconds after which the rest is killed
   */
  async stop(milliseconds: number): Promise<void> {
    this.#state = 'ending'
    this.#watch.stop()
    for (const { child, hasBegun, timer } of this.#places) {
      clearTimeout(timer)
      // One that has no configuration has nothing in flight.
      if (hasBegun) child?.channel.tell('stop', undefined)
      else child?.kill('SIGKILL')
    }
    if (this.#places.every(({ child }) => child === undefined)) return
    const timer = setTimeout(() => {
      this.#options.log.warn({}, 'workers did not end in time and are killed')
      this.killAll()
    }, milliseconds)
    await new Promise<void>((resolve) => (this.#onEmpty = resolve))
    clearTimeout(timer)
  }

  /** Ends all at once. */
  killAll(): void {
    this.#state = 'ending'
    this.#watch.stop()
    for (const { child, timer } of this.#places) {
      clearTimeout(timer)
      child?.kill('SIGKILL')
    }
  }

  async #launch(place: Place): Promise<void> {
    if (this.#state === 'ending') throw new Error('the workers are being stopped')
    const child = this.#fork(place)
    const { channel } = child
    channel.answer('begin', () => this.#begin(place, child))
    channel.answer('told', (told) => this.#tellOthers(place, told))
    channel.answer('signalled', () => this.#signalled(place, child))
    channel.answer('open', (open) => this.#options.onOpen?.(child, open))
    channel.answer('order', (host) => this.#order(host))
    await new Promise<void>((resolve, reject) => {
      channel.answer('failed', (reason) => void (place.reason = reason))
      channel.answer('ready', () => {
        if (place.child !== child) return
        place.isReady = true
        place.hasServed = true
        this.#chooseLead()
        if (this.#isRetired) channel.tell('retire', undefined)
        this.#options.onReady?.(child)
        resolve()
      })
      child.onEnd((end) => {
        const reason = place.reason ?? `worker ${place.number} ended with ${describeEnd(end)}`
        reject(new Error(reason))
        this.#ended(place, end)
      })
    })
  }

  /** @throws Error when the system gives no process: an end like others, after a life of no length */
  #fork(place: Place): Child {
    const now = this.#now()
    try {
      const child = this.#options.fork(place.number)
      place.fill(child, now)
      return child
    } catch (error) {
      place.fill(undefined, now)
      this.#ended(place, { error: error instanceof Error ? error : new Error(String(error)) })
      throw error
    }
  }

  async #begin(place: Place, child: Child): Promise<Beginning> {
    const beginning = await this.#options.begin(place.number)
    // It has ended meanwhile; another one may have its place.
    if (place.child === child) place.hasBegun = true
    const { number } = place
    const isFirst = this.#state === 'starting' && number === 1
    return { ...beginning, number, count: this.#places.length, isFirst }
  }

  #signalled(place: Place, child: Child): void {
    setTimeout(() => {
      if (this.#state !== 'running' || this.#isRetired || place.child !== child) return
      child.channel.tell('stop', undefined)
    }, signalPatience).unref()
  }

  #ended(place: Place, end: ChildEnd): void {
    const { number, child, reason, hasServed } = place
    const wait = place.empty(this.#now())
    if (this.#lead === place) this.#lead = undefined
    // While the first ones start, whoever started them hears of one that cannot.
    if (this.#state === 'running' || (this.#state === 'starting' && hasServed)) {
      // It ends with success for no other reason.
      const wasAsked = end.code === 0
      this.#options.onEnd?.(number, child, wasAsked)
      const fields = {
        worker: number,
        pid: child?.pid,
        end: describeEnd(end),
        ...(reason !== undefined && { reason }),
      }
      const { log } = this.#options
      if (wasAsked) log.info(fields, 'worker ended as it was asked to, and is started again')
      else log.error({ ...fields, again: `${wait / 1000}s` }, 'worker ended, and is started again')
      this.#chooseLead()
      this.#startAgain(place, wait, describeEnd(end))
    } else if (this.#places.every((other) => other.child === undefined)) this.#onEmpty?.()
  }

  #startAgain(place: Place, wait: number, end: string): void {
    const now = this.#now()
    const last = place.reason ?? `it ended with ${end}`
    if (this.#places.every((other) => other.isHopeless(now)))
      this.#giveUp(`the workers end again and again, soon after they started; the last one: ${last}`)
    // One that cannot be started has ended, and is seen to there.
    else place.timer = setTimeout(() => void this.#launch(place).catch(() => {}), wait)
  }

  #giveUp(reason: string): void {
    this.killAll()
    this.#options.onHopeless(new Error(reason))
  }

  #chooseLead(): void {
    if (this.#lead !== undefined) return
    this.#lead = this.#places.find(({ isReady }) => isReady)
    this.#lead?.child?.channel.tell('lead', undefined)
  }

  /** Answered when all know it. One that does not answer is not waited for: what it remembers is soon forgotten. */
  async #tellOthers(from: Place, told: Told): Promise<void> {
    const others = this.members.filter(({ number }) => number !== from.number)
    await Promise.allSettled(others.map(({ child }) => child.channel.ask('told', told, toldWithin)))
  }

  async #order(host: string): Promise<void> {
    const lead = this.#lead?.child
    if (lead === undefined) throw new Error('no worker orders certificates now')
    await lead.channel.ask('order', host, orderWithin)
  }
}
