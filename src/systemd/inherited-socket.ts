/** A listening socket that systemd opened and handed over. */
export interface InheritedSocket {
  readonly fd: number
  /** As the socket's unit names it. */
  readonly name?: string
}

/** The first that systemd hands over (sd_listen_fds(3)). */
const firstDescriptor = 3

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The socket that systemd passed to this very process, if it did. As in Distribution it takes the place of the
 * configured address, and there may be one only.
 *
 * @throws Error of one line when there are several
 */
export function inheritedSocket(env: Environment, pid: number): InheritedSocket | undefined {
  // Meant for another process: a parent, whose environment was inherited.
  if (env['LISTEN_PID'] !== String(pid)) return undefined
  const count = Number(env['LISTEN_FDS'] ?? '0')
  if (!Number.isInteger(count) || count < 1) return undefined
  if (count > 1) {
    throw new Error(
      `systemd passed ${count} sockets (${env['LISTEN_FDNAMES'] ?? 'without names'}): one is expected, so the .socket unit may have one Listen… line only`,
    )
  }
  const name = env['LISTEN_FDNAMES']
  return { fd: firstDescriptor, ...(name !== undefined && name !== '' && { name }) }
}
