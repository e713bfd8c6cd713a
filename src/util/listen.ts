import { lookup } from 'node:dns/promises'
import { isIP, type AddressInfo, type Server } from 'node:net'

/** An address, whose host may be absent (all addresses of the machine) or a name; the path of a socket; an open socket. */
export type Place =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number }

/**
 * Makes a server listen.
 *
 * @param shown how an error names the place
 * @returns where, in a form that a user can type
 * @throws Error in one line: address in use, not allowed, not an address of this machine
 */
export async function listen(server: Server, place: Place, shown: string): Promise<string> {
  try {
    await listening(server, 'port' in place ? await resolved(place) : place)
  } catch (error) {
    throw explain(shown, error)
  }
  return describe(server.address())
}

/** Whether a server that listens does so on a unix socket: its clients have no address. */
export function hasUnixSocket(server: Server): boolean {
  const address = server.address()
  return address === null || typeof address === 'string'
}

/** The older family first where a name has both, as Go chooses: `localhost` is 127.0.0.1. */
async function resolved(place: { readonly host?: string; readonly port: number }): Promise<Place> {
  const { host, port } = place
  if (host === undefined || isIP(host) !== 0) return place
  const addresses = await lookup(host, { all: true })
  const [first] = addresses.toSorted((one, other) => one.family - other.family)
  return { host: first?.address ?? host, port }
}

async function listening(server: Server, place: Place): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
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

function explain(shown: string, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new Error(`cannot listen on ${shown}: ${reasons[code] ?? message}`, { cause: error })
}

function describe(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? ''
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`
}
