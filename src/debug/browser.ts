import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/**
 * Whether a page of another site may have made a browser ask. Browsers send `Origin` with every POST that a script makes, also
 * when the script's site points its name at this machine (DNS rebinding) and so counts as the same site.
 */
export function isFromPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin')
}

/**
 * Whether the `Host` header can not be the name of a stranger's site that was pointed at this machine: an address, `localhost`,
 * a name without a dot, or one of those that are known.
 */
export function isOwnHost(header: string | undefined, known: readonly string[]): boolean {
  if (header === undefined) return true
  const host = header.replace(/:\d*$/, '').toLowerCase()
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return (
    isIP(bare) !== 0 ||
    !host.includes('.') ||
    host.endsWith('.localhost') ||
    known.some((name) => name.toLowerCase() === host)
  )
}
