/** What of a TLS ClientHello tells who calls. */
export interface ClientHello {
  /** As the client sent it (RFC 6066, 3). */
  readonly serverName?: string
  /** Application protocols that it offers (RFC 7301), in its order. */
  readonly protocols: readonly string[]
}

/** Bytes. Those of browsers have one or two thousand, post-quantum keys included. */
export const longestClientHello: number = 16 * 1024

const handshakeRecord = 22
const clientHello = 1
const serverNameExtension = 0
const protocolsExtension = 16
const longestRecord = 2 ** 14

/**
 * Reads the first message of a TLS connection (RFC 8446, 4.1.2 and 5.1), which may be split over records. All versions of TLS begin
 * with it.
 *
 * @param bytes all that has arrived so far
 * @returns `incomplete` when more bytes may make it one; `other` when nothing can, or when it is too long
 */
export function parseClientHello(bytes: Buffer): ClientHello | 'incomplete' | 'other' {
  const message = firstMessage(bytes)
  if (typeof message === 'string') return message
  try {
    return readBody(new Reader(message))
  } catch (error) {
    if (error instanceof RangeError) return 'other'
    throw error
  }
}

/** The body of the first handshake message, put together from its records. */
function firstMessage(bytes: Buffer): Buffer | 'incomplete' | 'other' {
  const parts: Buffer[] = []
  const head: number[] = []
  let collected = 0
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== handshakeRecord || (bytes[at + 1] ?? 3) !== 3) return 'other'
    if (bytes.length < at + 5) break
    const length = bytes.readUInt16BE(at + 3)
    // Empty records are forbidden (RFC 8446, 5.1), and would keep us busy for nothing.
    if (length === 0 || length > longestRecord) return 'other'
    const part = bytes.subarray(at + 5, at + 5 + length)
    parts.push(part)
    collected += part.length
    at += 5 + length

    if (head.length < 4) head.push(...part.subarray(0, 4 - head.length))
    const [type = clientHello, high, middle, low] = head
    if (type !== clientHello) return 'other'
    if (high === undefined || middle === undefined || low === undefined) continue
    const end = 4 + high * 0x10000 + middle * 0x100 + low
    if (end > longestClientHello) return 'other'
    if (collected >= end) return Buffer.concat(parts).subarray(4, end)
  }
  return bytes.length < longestClientHello ? 'incomplete' : 'other'
}

/** @throws RangeError when it is malformed */
function readBody(body: Reader): ClientHello {
  body.skip(2 + 32) // version, random
  body.vector(1) // session
  body.vector(2) // cipher suites
  body.vector(1) // compression
  let serverName: string | undefined
  let protocols: readonly string[] = []
  // Clients of TLS 1.0 may send no extensions at all.
  const extensions = body.isAtEnd ? body : body.vector(2)
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type === serverNameExtension) serverName = readServerName(content)
    if (type === protocolsExtension) protocols = readProtocols(content)
  }
  return { ...(serverName !== undefined && { serverName }), protocols }
}

function readServerName(extension: Reader): string | undefined {
  const list = extension.vector(2)
  let found: string | undefined
  while (!list.isAtEnd) {
    const type = list.number(1)
    const name = list.vector(2).text()
    // 0 is host_name, the only type there is.
    if (type === 0) found ??= name
  }
  return found
}

function readProtocols(extension: Reader): readonly string[] {
  const list = extension.vector(2)
  const names: string[] = []
  while (!list.isAtEnd) names.push(list.vector(1).text())
  return names
}

/** Walks through bytes; a step beyond their end throws a RangeError. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  skip(length: number): void {
    this.#take(length)
  }

  number(size: number): number {
    return this.#take(size).readUIntBE(0, size)
  }

  /** A part that its length precedes. */
  vector(sizeOfLength: number): Reader {
    return new Reader(this.#take(this.number(sizeOfLength)))
  }

  text(): string {
    return this.#bytes.toString('utf8')
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('the message ends early')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
