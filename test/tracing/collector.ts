import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { spansOfJson, spansOfProtobuf, type CollectedSpan } from './otlp.ts'

/** A collector of traces that keeps what it gets. */
export interface Collector {
  readonly port: number
  readonly spans: CollectedSpan[]
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[]
  /** Waits for so many spans that a test wants. */
  until(wanted: (span: CollectedSpan) => boolean, count?: number): Promise<readonly CollectedSpan[]>
}

/** Takes OTLP over HTTP, JSON and protobuf; over TLS with a certificate. */
export async function httpCollector(
  test: TestContext,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Collector> {
  const listener: RequestListener = (request, response) => {
    void (async () => {
      const sent = await bodyOf(request)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      collector.requests.push({ path: request.url ?? '', headers: request.headers })
      const isJson = request.headers['content-type'] === 'application/json'
      collector.spans.push(...(isJson ? spansOfJson(body.toString()) : spansOfProtobuf(body)))
      response.setHeader('Content-Type', request.headers['content-type'] ?? '')
      response.end(isJson ? '{}' : undefined)
    })()
  }
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  const collector = await collect(test, server)
  test.after(() => server.closeAllConnections())
  return collector
}

/** Takes OTLP over gRPC, as far as one call needs it: https://grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html */
export async function grpcCollector(test: TestContext): Promise<Collector> {
  const server = createHttp2Server()
  server.on('session', (session) => test.after(() => session.destroy()))
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const message = Buffer.concat(chunks)
      collector.requests.push({ path: headers[':path'] ?? '', headers })
      // A byte for compression and four for the length stand before the message.
      const content = message.subarray(5)
      collector.spans.push(...spansOfProtobuf(message[0] === 1 ? gunzipSync(content) : content))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.alloc(5))
    })
  })
  const collector = await collect(test, server)
  return collector
}

async function collect(test: TestContext, server: Server): Promise<Collector> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => server.close())
  const spans: CollectedSpan[] = []
  return {
    port: (server.address() as AddressInfo).port,
    spans,
    requests: [],
    async until(wanted, count = 1): Promise<readonly CollectedSpan[]> {
      const deadline = Date.now() + 20_000
      for (;;) {
        const found = spans.filter(wanted)
        if (found.length >= count) return found
        assert.ok(Date.now() < deadline, `only ${found.length} of ${count} among ${spans.length} spans`)
        await delay(25)
      }
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
