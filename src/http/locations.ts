import type { IncomingMessage } from 'node:http'

export interface LocationOptions {
  /** `http.host`: where clients reach this registry; overrides all that a request says. */
  readonly host?: URL | undefined
  /** `http.relativeurls` */
  readonly relative: boolean
  /** `http.prefix`, such as `/registry/`; `/` when unset. */
  readonly prefix: string
}

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * Makes the URLs of `Location` headers, by Distribution's rules: `http.host`, else relative if so configured, else from the
 * request as the outermost proxy saw it. A host that is no host is not echoed: the answer is relative then.
 */
export class Locations {
  readonly #root: string | undefined
  readonly #relative: boolean
  readonly #prefix: string

  constructor(options: LocationOptions) {
    this.#prefix = options.prefix.replace(/\/$/, '')
    this.#relative = options.relative
    const { host } = options
    if (host !== undefined) {
      const path = host.pathname.endsWith('/') ? host.pathname.slice(0, -1) : ''
      this.#root = `${host.protocol}//${host.host}${path === '' ? this.#prefix : path}`
    }
  }

  /** @param path below the registry's root, such as `/v2/NAME/blobs/DIGEST` */
  of(request: IncomingMessage, path: string): string {
    if (this.#root !== undefined) return this.#root + path
    const local = this.#prefix + path
    return this.#relative ? local : originOf(request) + local
  }
}

/** Scheme and host as the client sees them; empty when unknown. */
function originOf(request: IncomingMessage): string {
  const {
    forwarded,
    host,
    'x-forwarded-host': forwardedHost,
    'x-forwarded-proto': forwardedProto,
  } = request.headers
  let scheme = 'encrypted' in request.socket ? 'https' : 'http'
  let authority = host
  if (forwarded !== undefined) {
    const parameters = parseForwarded(forwarded)
    scheme = parameters.get('proto') ?? scheme
    authority = parameters.get('host') ?? authority
  } else {
    scheme = firstOf(forwardedProto) ?? scheme
    authority = firstOf(forwardedHost) ?? authority
  }
  scheme = scheme.toLowerCase()
  const isSound =
    (scheme === 'http' || scheme === 'https') && authority !== undefined && hostPattern.test(authority)
  return isSound ? `${scheme}://${authority}` : ''
}

/** The first element of a `Forwarded` header (RFC 7239, 4); empty when it does not parse. */
function parseForwarded(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  const pair = /\s*([A-Za-z0-9-]+)=(?:([^\s";,]+)|"((?:[^"\\]|\\.)*)")\s*(;|,|$)/y
  for (;;) {
    const match = pair.exec(header)
    if (match === null) return new Map()
    const [, key = '', token, quoted, separator] = match
    parameters.set(key.toLowerCase(), token ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? '')
    if (separator !== ';') return parameters
  }
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  const first = text?.split(',', 1)[0]?.trim()
  return first === '' ? undefined : first
}
