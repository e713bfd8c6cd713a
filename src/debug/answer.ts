import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** Sends a whole answer. What is left of the request's body is not read: the connection is closed instead. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): void {
  response.writeHead(status, {
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    ...headers,
    ...(hasBody(request) && { Connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  answer(request, response, status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, `${text}\n`)
}

export function answerJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: unknown,
): void {
  answer(request, response, status, { 'Content-Type': 'application/json' }, JSON.stringify(value))
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
