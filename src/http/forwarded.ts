import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * Reads `Forwarded` (RFC 7239) and the `X-Forwarded-*` headers.
 *
 * Without a list of proxies everybody's headers count for URLs, as in Distribution, and nobody's for identity. With a
 * list, they count for both from those proxies, and from nobody else.
 */
export class ForwardedHeaders {
  /** `http.trustedproxies` */
  readonly #trusted: BlockList | undefined

  /** @param trusted addresses and ranges such as `10.0.0.0/8`; undefined is not the same as none */
  constructor(trusted?: readonly string[]) {
    this.#trusted = trusted === undefined ? undefined : blockList(trusted)
  }

  /**
   * The client's address as far as it can be relied on: for limits, audit and identity.
   *
   * @param peer who is at the other end of the connection; undefined behind a unix socket
   */
  client(request: IncomingMessage, peer: string | undefined): string | undefined {
    if (this.#trusted === undefined || !this.#isTrusted(peer)) return peer
    const { path } = this.#claims(request)
    const hops = this.#hops(path, peer)
    return hops === 0 ? peer : path[path.length - hops]
  }

  /** Whether a proxy names an address that is not believed because no proxies are named: all behind it look like one client. */
  hidesClient(request: IncomingMessage): boolean {
    return this.#trusted === undefined && this.#claims(request).path.some((address) => isIP(address) !== 0)
  }

  /** The client's address for a log: what is claimed, where nobody is named whom to believe. As Distribution. */
  claimedClient(request: IncomingMessage, peer: string | undefined): string | undefined {
    if (this.#trusted !== undefined) return this.client(request, peer)
    return this.#claims(request).path[0] ?? firstOf(request.headers['x-real-ip']) ?? peer
  }

  /**
   * Scheme and authority as the client sees them, such as `https://registry.example.com`; empty when unknown.
   *
   * @param unclaimed the scheme where no proxy says one; that of the connection when absent
   */
  origin(request: IncomingMessage, unclaimed: string = schemeOf(request)): string {
    const peer = peerOf(request)
    if (!this.#isTrusted(peer)) return join(unclaimed, authorityOf(request))
    const claims = this.#claims(request)
    // What the outermost of our own proxies said; without a list of them, what stands first.
    const hops = this.#trusted === undefined ? Infinity : Math.max(this.#hops(claims.path, peer), 1)
    return originOf(request, {
      scheme: fromEnd(claims.schemes, hops) ?? unclaimed,
      authority: fromEnd(claims.authorities, hops),
      port: fromEnd(claims.ports, hops),
    })
  }

  #isTrusted(peer: string | undefined): boolean {
    if (this.#trusted === undefined) return true
    // Whoever may use the socket file is on this machine, and was let in by the file's mode.
    return peer === undefined || contains(this.#trusted, peer)
  }

  /**
   * `Forwarded` counts before the others, as in Distribution. But where proxies are named, theirs are the headers that count: most
   * set `X-Forwarded-*`, and pass on a `Forwarded` that a client made up.
   */
  #claims({ headers }: IncomingMessage): Claims {
    const others = headers['x-forwarded-for'] ?? headers['x-forwarded-proto'] ?? headers['x-forwarded-host']
    const counts = this.#trusted === undefined || others === undefined
    const elements = counts && headers.forwarded !== undefined ? parseForwarded(headers.forwarded) : undefined
    if (elements !== undefined) {
      return {
        schemes: elements.map((element) => element.get('proto')),
        authorities: elements.map((element) => element.get('host')),
        ports: [],
        path: elements.map((element) => addressOf(element.get('for') ?? 'unknown')),
      }
    }
    return {
      schemes: listOf(headers['x-forwarded-proto']),
      authorities: listOf(headers['x-forwarded-host']),
      ports: listOf(headers['x-forwarded-port']),
      path: listOf(headers['x-forwarded-for']).map(addressOf),
    }
  }

  /** How many at the end of the path our own proxies wrote: each appends the peer that it saw, and the first that is none of ours ends it. */
  #hops(path: readonly string[], peer: string | undefined): number {
    let hops = 0
    let last = peer
    for (const hop of path.toReversed()) {
      const isOurs = last === undefined || contains(this.#trusted, last)
      // What is no address hides who it was.
      if (!isOurs || isIP(hop) === 0) break
      last = hop
      hops++
    }
    return hops
  }
}

/** The item that stands so far from the end; the first, when there are fewer. */
function fromEnd<Item>(list: readonly Item[], position: number): Item | undefined {
  return list[Math.max(list.length - position, 0)]
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

function contains(list: BlockList | undefined, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list !== undefined && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Undefined for a peer behind a unix socket, or when the connection is gone. */
function peerOf(request: IncomingMessage): string | undefined {
  // A listener on all addresses sees IPv4 clients by their IPv6 form.
  return request.socket.remoteAddress?.replace(/^::ffff:/, '')
}

/** A value for each proxy that said something, from the outermost to the last. */
interface Claims {
  readonly schemes: readonly (string | undefined)[]
  readonly authorities: readonly (string | undefined)[]
  readonly ports: readonly string[]
  /** From the client to the last proxy but one. */
  readonly path: readonly string[]
}

interface Claim {
  readonly scheme: string
  readonly authority: string | undefined
  readonly port: string | undefined
}

function originOf(request: IncomingMessage, claim: Claim): string {
  const scheme = claim.scheme.toLowerCase()
  const authority = claim.authority ?? authorityOf(request)
  return join(scheme, authority === undefined ? undefined : withPort(authority, claim.port))
}

/** What is no sound host is not echoed. */
function join(scheme: string, authority: string | undefined): string {
  const isSound =
    (scheme === 'http' || scheme === 'https') && authority !== undefined && hostPattern.test(authority)
  return isSound ? `${scheme}://${authority}` : ''
}

/** Chains of proxies are known to claim the other scheme's own port, of which no client can know. */
function withPort(authority: string, port: string | undefined): string {
  const hasPort = /:\d+$/.test(authority)
  if (hasPort || port === undefined || !/^[1-9]\d{0,4}$/.test(port)) return authority
  return port === '80' || port === '443' ? authority : `${authority}:${port}`
}

function schemeOf(request: IncomingMessage): string {
  return 'encrypted' in request.socket ? 'https' : 'http'
}

function authorityOf({ headers }: IncomingMessage): string | undefined {
  // HTTP/2 has a field of its own for it (RFC 9113, 8.3.1).
  return firstOf(headers[':authority']) ?? headers.host
}

/** An address without the port and the brackets that RFC 7239, 6 and some proxies give it. */
function addressOf(node: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(node.trim())
  return match === null ? node.trim() : (match[1] ?? match[2] ?? '')
}

/** The elements of a `Forwarded` header (RFC 7239, 4); undefined when it does not parse. */
function parseForwarded(header: string): readonly ReadonlyMap<string, string>[] | undefined {
  const elements: Map<string, string>[] = []
  let element = new Map<string, string>()
  const pair = /\s*([A-Za-z0-9-]+)=(?:([^\s";,]+)|"((?:[^"\\]|\\.)*)")\s*(;|,|$)/y
  for (;;) {
    const match = pair.exec(header)
    if (match === null) return undefined
    const [, key = '', token, quoted, separator] = match
    element.set(key.toLowerCase(), token ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? '')
    if (separator === ';') continue
    elements.push(element)
    if (separator !== ',') return elements
    element = new Map()
  }
}

function listOf(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(',') : header
  return text === undefined
    ? []
    : text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : listOf(header)[0]
}
