const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ECONNABORTED: 'connection aborted',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved just now',
  ETIMEDOUT: 'timed out',
  EPIPE: 'connection closed by peer',
  EACCES: 'permission denied',
  EIO: 'input/output error',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'file name too long',
  ESTALE: 'stale file handle',
}

/** What a failed system call or connection means, in words. Addresses and paths are left to the caller, who knows them. */
export function reasonOf(error: unknown): string {
  // A name with several addresses: the message is empty, each failure is inside.
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map((inner) => reasonOf(inner)))].join('; ')
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return reasons[code] ?? (error.message === '' ? code || error.name : error.message)
}
