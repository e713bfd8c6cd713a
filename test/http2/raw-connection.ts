import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { frame, preface, uint32 } from './frames.ts'

/** Speaks HTTP/2 frame by frame (RFC 9113, 4), as no HTTP library would. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6)
    entry.writeUInt16BE(Number(id))
    entry.writeUInt32BE(value, 2)
    return entry
  })
  return frame(frameType.settings, 0, 0, Buffer.concat(entries))
}

export function rstStream(stream: number, code: number): Buffer {
  return frame(frameType.rstStream, 0, stream, uint32(code))
}

/** Header fields as literals that no table remembers (RFC 7541, 6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]),
  )
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([hpackInteger(bytes.length, 7), bytes])
}

function hpackInteger(value: number, bits: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([value])
  const bytes = [most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

export function requestFields(
  method: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): readonly (readonly [string, string])[] {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'registry.example'],
    [':path', path],
    ...Object.entries(fields),
  ]
}

/** A HEADERS frame; the request has a body unless `endStream`. */
export function request(
  stream: number,
  method: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  endStream: boolean = true,
): Buffer {
  const flags = flag.endHeaders | (endStream ? flag.endStream : 0)
  return frame(frameType.headers, flags, stream, headerBlock(requestFields(method, path, fields)))
}

export interface RawConnection {
  readonly socket: Socket
  /** All that came so far. */
  readonly frames: readonly Frame[]
  readonly isClosed: boolean
  write(...frames: readonly Uint8Array[]): void
  /** Waits until a frame that fits has come, be it before the call; undefined when the connection ended without. */
  find(fits: (frame: Frame) => boolean): Promise<Frame | undefined>
  closed(): Promise<void>
  destroy(): void
}

export interface RawConnectionOptions {
  /** The certificate to trust: over TLS. Default: unencrypted. */
  readonly ca?: string
  /** What our first SETTINGS say, by number. */
  readonly settings?: Readonly<Record<number, number>>
  /** Confirms SETTINGS and PING. Default: yes. */
  readonly polite?: boolean
  /** Bytes to send at a time of what begins the connection. Default: all. */
  readonly pieces?: number
  /** Milliseconds that `find` and `closed` wait. Default: 20 s. */
  readonly timeoutMs?: number
}

/** Opens a connection of HTTP/2: the preface and SETTINGS are sent. */
export async function openRaw(port: number, options: RawConnectionOptions = {}): Promise<RawConnection> {
  const { ca, polite = true, timeoutMs = 20_000 } = options
  const socket =
    ca === undefined
      ? connect(port, '127.0.0.1')
      : connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] })
  await new Promise((resolve, reject) => {
    socket.once(ca === undefined ? 'connect' : 'secureConnect', resolve)
    socket.once('error', reject)
  })
  socket.setNoDelay()
  const frames: Frame[] = []
  const listeners = new Set<() => void>()
  let received: Buffer = Buffer.alloc(0)
  let isClosed = false
  let hasBegun = false
  const tell = (): void => listeners.forEach((listener) => listener())
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    tell()
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const length = received.length < 9 ? Number.POSITIVE_INFINITY : received.readUIntBE(0, 3)
      if (received.length < 9 + length) break
      const next: Frame = {
        type: received.readUInt8(3),
        flags: received.readUInt8(4),
        stream: received.readUInt32BE(5) & 0x7fffffff,
        payload: received.subarray(9, 9 + length),
      }
      received = received.subarray(9 + length)
      frames.push(next)
      const confirms = next.type === frameType.settings || next.type === frameType.ping
      if (polite && hasBegun && confirms && (next.flags & flag.ack) === 0 && !socket.destroyed) {
        socket.write(
          frame(next.type, flag.ack, 0, next.type === frameType.ping ? next.payload : Buffer.alloc(0)),
        )
      }
    }
    tell()
  })
  const until = async <Result>(look: () => Result | undefined, what: string): Promise<Result | undefined> =>
    await new Promise((resolve, reject) => {
      const check = (): void => {
        const result = look()
        if (result === undefined && !isClosed) return
        clearTimeout(timer)
        listeners.delete(check)
        resolve(result)
      }
      const timer = setTimeout(() => {
        listeners.delete(check)
        reject(new Error(`no ${what} in time; so far ${frames.slice(-10).map(describeFrame).join(', ')}`))
      }, timeoutMs)
      listeners.add(check)
      check()
    })
  const beginning = Buffer.concat([preface, settings(options.settings)])
  const { pieces = beginning.length } = options
  for (let at = 0; at < beginning.length; at += pieces) {
    socket.write(beginning.subarray(at, at + pieces))
    if (pieces < beginning.length) await delay(1)
  }
  hasBegun = true
  return {
    socket,
    frames,
    get isClosed() {
      return isClosed
    },
    write: (...parts) => {
      if (!socket.destroyed) socket.write(Buffer.concat(parts))
    },
    find: async (fits) => await until(() => frames.find(fits), 'such frame'),
    closed: async () => {
      await until(() => undefined, 'end of the connection')
    },
    destroy: () => socket.destroy(),
  }
}

export function describeFrame({ type, flags, stream, payload }: Frame): string {
  const name = Object.entries(frameType).find(([, value]) => value === type)?.[0] ?? String(type)
  const detail =
    type === frameType.rstStream
      ? ` code ${payload.readUInt32BE(0)}`
      : type === frameType.goaway
        ? ` last ${payload.readUInt32BE(0)} code ${payload.readUInt32BE(4)}`
        : ` ${payload.length} bytes`
  return `${name}[${stream}]${flags === 0 ? '' : ` flags ${flags}`}${detail}`
}
