import { createServer, type Server, type Socket } from 'node:net'
import { hasUnixSocket, listen, type Place } from '../util/listen.ts'

/** Whoever can be given connections. */
export interface Taker {
  /**
   * @returns whether it was taken; if not, there will be none from now on
   * @throws Error when nobody knows
   */
  give(socket: Socket, isLocal: boolean): Promise<boolean>
}

export interface DoorOptions {
  /** Milliseconds of a clock that does not jump. */
  readonly now?: () => number
}

/** What is known of a taker. */
interface Entry {
  readonly taker: Taker
  /** Connections that it has. */
  open: number
  /** Milliseconds of the clock: since when it has one on its way. Node sends no second one before the first has come. */
  busySince: number | undefined
}

/** Connections that wait for somebody to take them; more are closed at once. */
const mostWaiting = 1_000

/** Milliseconds that one waits for whoever has the fewest. It may have much to do, or be stuck. */
const patience = 50

/**
 * Where clients come in: listens for all workers, and hands each connection to the one that has the fewest. Nothing is read from it
 * here, so that one that a worker did not take before it died is as good as new for the next.
 *
 * Why not as `node:cluster` has it. Where all workers accept by themselves, one of them gets most of what comes at once: all of 8
 * connections in every third try. Where its primary hands out, a connection on its way to a worker that is killed is open for ever, and
 * nobody serves it. Either way the listening socket is gone when no worker is left for a moment.
 */
export class Door {
  readonly #server: Server
  readonly #now: () => number
  readonly #entries = new Map<Taker, Entry>()
  #waiting: Socket[] = []
  /** Clients come by a unix socket. */
  #isLocal = false
  #timer: NodeJS.Timeout | undefined

  constructor({ now = (): number => performance.now() }: DoorOptions = {}) {
    this.#now = now
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      // Its client may be gone before anybody takes it.
      socket.on('error', () => {})
      if (this.#waiting.length >= mostWaiting) socket.destroy()
      else this.#waiting.push(socket)
      this.#handOut()
    })
  }

  /**
   * Begins to listen.
   *
   * @param shown how an error names the place
   * @returns where, in a form that a user can type
   * @throws Error of one line
   */
  async open(place: Place, shown: string): Promise<string> {
    const address = await listen(this.#server, place, shown)
    this.#isLocal = hasUnixSocket(this.#server)
    return address
  }

  /** No more connections. Those that nobody has taken yet are closed. */
  close(): void {
    this.#server.close()
    clearTimeout(this.#timer)
    for (const socket of this.#waiting) socket.destroy()
    this.#waiting = []
  }

  add(taker: Taker): void {
    this.#entries.set(taker, { taker, open: 0, busySince: undefined })
    this.#handOut()
  }

  remove(taker: Taker): void {
    this.#entries.delete(taker)
    this.#handOut()
  }

  /** It has so many connections. */
  has(taker: Taker, open: number): void {
    const entry = this.#entries.get(taker)
    if (entry !== undefined) entry.open = open
  }

  #handOut(): void {
    clearTimeout(this.#timer)
    while (this.#waiting.length > 0) {
      const entry = this.#next()
      const socket = entry && this.#waiting.shift()
      if (entry === undefined || socket === undefined) break
      void this.#give(socket, entry)
    }
    if (this.#waiting.length > 0 && this.#entries.size > 0)
      this.#timer = setTimeout(() => this.#handOut(), patience).unref()
  }

  /** Who is to have the next one; undefined: nobody now. */
  #next(): Entry | undefined {
    const now = this.#now()
    const [fewest] = [...this.#entries.values()]
      .filter(({ busySince }) => busySince === undefined || now - busySince < patience)
      .toSorted((one, other) => one.open - other.open)
    return fewest?.busySince === undefined ? fewest : undefined
  }

  async #give(socket: Socket, entry: Entry): Promise<void> {
    entry.open++
    entry.busySince = this.#now()
    const isTaken = await entry.taker.give(socket, this.#isLocal).catch(() => false)
    entry.busySince = undefined
    if (!isTaken) this.#entries.delete(entry.taker)
    // Ours is but a copy: the connection goes on.
    if (isTaken || !this.#server.listening) socket.destroy()
    else this.#waiting.unshift(socket)
    this.#handOut()
  }
}
