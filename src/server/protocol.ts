import type { Socket } from 'node:net'

/** What speaks with the client on a connection: HTTP/1.1 or HTTP/2. */
export interface Protocol {
  /** Takes a connection over. */
  serve(socket: Socket): void
  /**
   * Closes what is idle, and from now on each connection when its last answer is sent.
   *
   * @returns when no connection is left
   */
  drain(): Promise<void>
  /** Ends its timers. Connections that are left are for the caller to destroy. */
  stop(): void
}
