import { Socket } from 'node:net'

/** What goes with a connection on its way to a worker. */
export interface ConnectionMessage {
  readonly connection: number
  /** It came by a unix socket. */
  readonly isLocal: boolean
}

type Send = (message: ConnectionMessage, socket: Socket, failed: () => void) => void

/** Gives connections to another process, and hears whether it took them. */
export class Handover {
  readonly #send: Send
  readonly #underway = new Map<
    number,
    { resolve: (isTaken: boolean) => void; reject: (error: Error) => void }
  >()
  #count = 0
  #isGone = false

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * @returns whether it was taken
   * @throws Error when the process is gone
   */
  async give(socket: Socket, isLocal: boolean): Promise<boolean> {
    const connection = ++this.#count
    try {
      return await new Promise((resolve, reject) => {
        this.#underway.set(connection, { resolve, reject })
        const failed = (): void => reject(new Error('the process is gone'))
        if (this.#isGone) failed()
        else this.#send({ connection, isLocal }, socket, failed)
      })
    } finally {
      this.#underway.delete(connection)
    }
  }

  /** The other process says what it did. */
  answered(connection: number, isTaken: boolean): void {
    this.#underway.get(connection)?.resolve(isTaken)
  }

  /** The other process is gone. */
  gone(): void {
    this.#isGone = true
    for (const { reject } of this.#underway.values()) reject(new Error('the process is gone'))
  }
}

/**
 * In a worker: takes what it is given.
 *
 * @param take undefined while it takes none
 * @returns to be told to whoever gave it; undefined: the message is none of a connection
 */
export function received(
  message: unknown,
  handle: unknown,
  take: ((socket: Socket, isLocal: boolean) => void) | undefined,
): { readonly connection: number; readonly isTaken: boolean } | undefined {
  if (!isConnection(message)) return undefined
  const { connection, isLocal } = message
  if (!(handle instanceof Socket)) {
    // Its client was gone before it came.
    return { connection, isTaken: true }
  }
  if (take === undefined) handle.destroy()
  else take(handle, isLocal)
  return { connection, isTaken: take !== undefined }
}

function isConnection(message: unknown): message is ConnectionMessage {
  return typeof message === 'object' && message !== null && 'connection' in message
}
