/**
 * Bytes of a request's head, about as promhttp counts them: without spaces and line ends.
 *
 * @param request of node:http
 */
export function headSize(request: {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
}): number {
  let size = (request.method ?? '').length + (request.url ?? '').length + 'HTTP/1.1'.length
  for (const text of request.rawHeaders) size += text.length
  return size
}
