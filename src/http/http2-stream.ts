import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'

/**
 * The stream under a request or an answer of HTTP/2, which comes to the handler in the form that Node gives HTTP/1's.
 *
 * @returns undefined for HTTP/1
 */
export function http2StreamOf(message: IncomingMessage | ServerResponse): ServerHttp2Stream | undefined {
  return 'stream' in message
    ? (message as unknown as Http2ServerRequest | Http2ServerResponse).stream
    : undefined
}
