/** What a collector gets: spans as OTLP has them, from JSON or from protobuf. */

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  /** 1 internal, 2 server. */
  readonly kind: number
  /** Nanoseconds since 1970. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Attributes
  /** 0 unset, 2 error. */
  readonly status: number
  readonly resource: Attributes
}

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** An ExportTraceServiceRequest in protobuf's own form of JSON. */
export function spansOfJson(text: string): readonly CollectedSpan[] {
  const request = JSON.parse(text) as JsonRequest
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: jsonAttributes(span.attributes),
        status: span.status.code ?? 0,
        resource: jsonAttributes(resource.attributes),
      })),
    ),
  )
}

interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly JsonAttribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[]
  }[]
}

interface JsonSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly JsonAttribute[]
  readonly status: { readonly code?: number }
}

interface JsonAttribute {
  readonly key: string
  readonly value: Readonly<Record<string, string | number | boolean>>
}

function jsonAttributes(attributes: readonly JsonAttribute[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[kind, content] = ['', '']] = Object.entries(value)
      return [key, kind === 'intValue' ? Number(content) : content]
    }),
  )
}

/** The numbers of the fields are those of opentelemetry/proto/trace/v1/trace.proto. */
export function spansOfProtobuf(bytes: Uint8Array): readonly CollectedSpan[] {
  return new Message(bytes).messages(1).flatMap((resourceSpans) => {
    const resource = attributesOf(resourceSpans.messages(1).flatMap((one) => one.messages(1)))
    return resourceSpans
      .messages(2)
      .flatMap((scope) => scope.messages(2))
      .map((span) => ({
        traceId: span.hex(1),
        spanId: span.hex(2),
        parentSpanId: span.hex(4),
        name: span.text(5),
        kind: Number(span.number(6)),
        start: span.number(7),
        end: span.number(8),
        attributes: attributesOf(span.messages(9)),
        status: Number(span.messages(15)[0]?.number(3) ?? 0n),
        resource,
      }))
  })
}

function attributesOf(pairs: readonly Message[]): Attributes {
  return Object.fromEntries(
    pairs.map((pair) => {
      const value = pair.messages(2)[0] ?? new Message(new Uint8Array())
      if (value.has(1)) return [pair.text(1), value.text(1)]
      if (value.has(2)) return [pair.text(1), value.number(2) === 1n]
      return [pair.text(1), Number(value.number(3))]
    }),
  )
}

type Field = bigint | Uint8Array

/** One message in protobuf's wire format, field by field. */
class Message {
  readonly #fields = new Map<number, Field[]>()

  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    const varint = (): bigint => {
      let value = 0n
      for (let shift = 0n; ; shift += 7n) {
        const byte = view.getUint8(at++)
        value |= BigInt(byte & 0x7f) << shift
        if (byte < 0x80) return value
      }
    }
    const field = (wireType: number): Field => {
      switch (wireType) {
        case 0:
          return varint()
        case 1:
          at += 8
          return view.getBigUint64(at - 8, true)
        case 2: {
          const length = Number(varint())
          at += length
          return bytes.subarray(at - length, at)
        }
        case 5:
          at += 4
          return BigInt(view.getUint32(at - 4, true))
        default:
          throw new Error(`no such wire type: ${wireType}`)
      }
    }
    while (at < bytes.length) {
      const tag = Number(varint())
      const fields = this.#fields.get(tag >> 3) ?? []
      fields.push(field(tag & 7))
      this.#fields.set(tag >> 3, fields)
    }
  }

  has(number: number): boolean {
    return this.#fields.has(number)
  }

  messages(number: number): readonly Message[] {
    return this.#bytes(number).map((bytes) => new Message(bytes))
  }

  text(number: number): string {
    return Buffer.from(this.#bytes(number)[0] ?? []).toString()
  }

  hex(number: number): string {
    return Buffer.from(this.#bytes(number)[0] ?? []).toString('hex')
  }

  number(number: number): bigint {
    const [value = 0n] = this.#fields.get(number) ?? []
    return typeof value === 'bigint' ? value : 0n
  }

  #bytes(number: number): readonly Uint8Array[] {
    return (this.#fields.get(number) ?? []).filter((field) => typeof field !== 'bigint')
  }
}
