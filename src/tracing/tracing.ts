import type { IncomingHttpHeaders } from 'node:http'
import type { StorageDriver } from '../storage/driver.ts'

/** Traces of requests and of what they do in the store. There is one only when the environment asks for traces. */
export interface Tracing {
  /** @param headers of the request: a trace that they name is continued */
  startRequest(headers: IncomingHttpHeaders, request: TracedRequest): RequestSpan
  /** A driver whose calls show in the trace of the request that makes them. */
  tracedDriver(driver: StorageDriver): StorageDriver
  /** Sends what is left. Resolves after so many milliseconds at the latest, and never fails. */
  stop(milliseconds: number): Promise<void>
}

export interface TracedRequest {
  readonly method: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  /** Milliseconds since 1970; now, when absent. */
  readonly startedAt?: number
  readonly scheme?: 'http' | 'https'
  /** Such as `1.1`. */
  readonly protocolVersion?: string
  /** Who asks, as the log has it. */
  readonly clientAddress?: string | undefined
  readonly peerAddress?: string | undefined
}

export interface RequestSpan {
  /** 32 hexadecimal digits, for logs. */
  readonly traceId: string
  /** Calls `work`; what it does in the store, then or later, belongs to this request. */
  run<Result>(work: () => Result): Result
  end(answer: TracedAnswer): void
}

export interface TracedAnswer {
  readonly status: number
  /** The pattern that the path is of, such as `/v2/{name}/manifests/{reference}`. */
  readonly route?: string | undefined
  /** Bytes of the two bodies. */
  readonly received?: number | undefined
  readonly sent?: number | undefined
  /** What made the answer what it is, or broke it off, if something went wrong. */
  readonly error?: unknown
}
