/** What a client of HTTP/2 writes, byte by byte: for clients that behave as none from a library does. */

/** What begins a connection (RFC 9113, 3.4). */
export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** A frame of HTTP/2 (RFC 9113, 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header field whose name stands in the static table, written out (RFC 7541, 6.2.2). */
export function field(name: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([name, value.length]), Buffer.from(value)])
}

/** A GET without a body, on stream 1. */
export function get(path: string): Buffer {
  const fields = Buffer.concat([Buffer.from([0x82, 0x87]), field(1, 'a'), field(4, path)])
  return frame(1, 5, 1, fields)
}

/** Allows as many bytes on each stream, and on the connection. */
export function allow(bytes: number): Buffer {
  const settings = frame(4, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(bytes)]))
  return Buffer.concat([settings, frame(8, 0, 0, uint32(bytes))])
}
