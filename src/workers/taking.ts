import type { Socket } from 'node:net'

/** Milliseconds between two reports. */
const rhythm = 50

/** Takes connections, and tells how many there are left as they end. */
export class Taking {
  readonly #take: (socket: Socket, isLocal: boolean) => void
  readonly #tell: (open: number) => void
  #open = 0
  #isToTell = false

  constructor(take: (socket: Socket, isLocal: boolean) => void, tell: (open: number) => void) {
    this.#take = take
    this.#tell = tell
  }

  take(socket: Socket, isLocal: boolean): void {
    this.#open++
    socket.once('close', () => {
      this.#open--
      this.#tellSoon()
    })
    this.#take(socket, isLocal)
  }

  #tellSoon(): void {
    if (this.#isToTell) return
    this.#isToTell = true
    setTimeout(() => {
      this.#isToTell = false
      this.#tell(this.#open)
    }, rhythm).unref()
  }
}
