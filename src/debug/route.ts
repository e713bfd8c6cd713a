import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers one request of a path and method. */
export type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
) => Promise<void>

/** Routes by path, then by method. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Route>>>>
