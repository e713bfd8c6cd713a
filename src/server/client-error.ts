import type { Duplex } from 'node:stream'

/**
 * Answers, in the protocol's form, what the HTTP parser refused before any handler saw it.
 *
 * @param isAnswering whether an answer to an earlier request is under way: nothing may be written into the middle of it
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, isAnswering: boolean): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const [status, reason] = statusOf(error.code)
  const body = `${JSON.stringify({ errors: [{ code: 'UNKNOWN', message: reason.toLowerCase() }] })}\n`
  socket.end(
    [
      `HTTP/1.1 ${status} ${reason}`,
      'Docker-Distribution-API-Version: registry/2.0',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  socket.once('finish', () => socket.destroy())
}

function statusOf(code: string | undefined): readonly [number, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'Payload Too Large']
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout']
    default:
      return [400, 'Bad Request']
  }
}
