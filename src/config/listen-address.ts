export interface ListenAddress {
  /** Absent: every address of the machine. */
  readonly host?: string
  readonly port: number
}

/**
 * Reads an address to listen on in Go's form: `:5000`, `127.0.0.1:5000`, `[::1]:5000`, `localhost:0`.
 *
 * @returns `undefined` when it is not one
 */
export function parseListenAddress(address: string): ListenAddress | undefined {
  const match = /^(?:\[([^[\]\s]*)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(address)
  if (match === null) return undefined
  const host = match[1] ?? match[2] ?? ''
  const port = Number(match[3])
  if (port > 65_535) return undefined
  return host === '' ? { port } : { host, port }
}
