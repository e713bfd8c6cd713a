import { connect } from 'node:net'
import type { Check, Rhythm } from './check.ts'
import { reasonOf } from './reason.ts'
import { limitOf, withTimeout } from './timeout.ts'

export interface TcpCheckOptions extends Rhythm {
  /** `host:port`; IPv6 in brackets; without a host this machine, as in Go. */
  readonly addr: string
  /** Milliseconds; 0: none. */
  readonly timeout: number
}

/** Fails while nobody takes a connection. */
export function tcpCheck({ addr, timeout, interval, threshold }: TcpCheckOptions): Check {
  return {
    name: addr,
    interval,
    threshold,
    limit: limitOf(timeout),
    run: async (signal) => {
      try {
        await withTimeout(timeout, signal, (inTime) => connectOnce(addr, inTime))
      } catch (error) {
        throw new Error(`connection failed: ${reasonOf(error)}`, { cause: error })
      }
    },
  }
}

async function connectOnce(addr: string, signal: AbortSignal): Promise<void> {
  const colon = addr.lastIndexOf(':')
  const host = addr.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(addr.slice(colon + 1))
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: host === '' ? 'localhost' : host, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
