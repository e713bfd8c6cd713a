import { Http2ServerResponse, type OutgoingHttpHeaders } from 'node:http2'

/** Node's, without trailers: to wait for them, Node's own does not end the stream with the last byte, but some time after it. */
export class Http2Response extends Http2ServerResponse {
  override writeHead(status: number, headers?: OutgoingHttpHeaders): this
  override writeHead(status: number, message: string, headers?: OutgoingHttpHeaders): this
  override writeHead(
    status: number,
    messageOrHeaders?: string | OutgoingHttpHeaders,
    headers?: OutgoingHttpHeaders,
  ): this {
    const { stream } = this
    if (stream.destroyed || stream.closed) return this
    this.statusCode = status
    // There are no messages beside the status (RFC 9113, 8.3.2).
    const fields = typeof messageOrHeaders === 'object' ? messageOrHeaders : headers
    stream.respond({ ':status': status, ...fields })
    return this
  }
}
