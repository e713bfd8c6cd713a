import { lookup } from 'node:dns/promises'
import { isIP, type Server } from 'node:net'

export interface Address {
  /** Absent: every address of the machine. */
  readonly host?: string
  readonly port: number
}

/**
 * Lets a server listen.
 *
 * @returns where, such as `127.0.0.1:5001`
 * @throws Error in one line: address in use, not allowed, not an address of this machine
 */
export async function listen(server: Server, address: Address): Promise<string> {
  try {
    await listening(server, await resolved(address))
  } catch (error) {
    throw explain(address, error)
  }
  const bound = server.address()
  return written(
    bound === null || typeof bound === 'string' ? address : { host: bound.address, port: bound.port },
  )
}

/** The older family first where a name has both, as Go chooses: `localhost` is 127.0.0.1. */
async function resolved({ host, port }: Address): Promise<Address> {
  if (host === undefined || isIP(host) !== 0) return { ...(host !== undefined && { host }), port }
  const addresses = await lookup(host, { all: true })
  const [first] = addresses.toSorted((one, other) => one.family - other.family)
  return { host: first?.address ?? host, port }
}

async function listening(server: Server, where: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'not an address of this machine',
  ENOTFOUND: 'no such host',
}

function explain(address: Address, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason = reasons[code] ?? message
  return new Error(`cannot listen on ${written(address)} (http.debug.addr): ${reason}`, { cause: error })
}

function written({ host = '', port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
