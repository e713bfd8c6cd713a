import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { answerText } from './answer.ts'
import { isFromPage } from './browser.ts'
import { listen } from '../util/listen.ts'
import type { DebugServerOptions } from './options.ts'
import { pprofRoutes } from './pprof.ts'
import type { Route, Routes } from './route.ts'
import { healthRoute, metricsRoute, reloadRoute, varsRoute } from './routes.ts'
import { CollectionCount } from './vars.ts'

/** The listener of `http.debug.addr`: for operators and their programs, on an address that only they should reach. */
export class DebugServer {
  readonly #options: DebugServerOptions
  readonly #server: Server
  readonly #routes: Routes
  readonly #collections = new CollectionCount()

  constructor(options: DebugServerOptions) {
    this.#options = options
    this.#server = createServer({
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      // Longer than most programs that read metrics wait between two looks.
      keepAliveTimeout: 90_000,
      requireHostHeader: false,
    })
    this.#server.maxConnections = 100
    // Nobody here wants a body, so none is asked for.
    for (const event of ['request', 'checkContinue', 'checkExpectation'])
      this.#server.on(event, (request: IncomingMessage, response: ServerResponse) =>
        this.#answer(request, response),
      )
    this.#routes = this.#makeRoutes()
  }

  /**
   * Begins to listen.
   *
   * @returns where, such as `127.0.0.1:5001`
   * @throws Error in one line
   */
  async start(): Promise<string> {
    const { address } = this.#options
    const host = address.host?.includes(':') === true ? `[${address.host}]` : (address.host ?? '')
    return await listen(this.#server, address, `${host}:${address.port} (http.debug.addr)`)
  }

  /** Ends at once, profiles included. */
  async stop(): Promise<void> {
    this.#collections.stop()
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeAllConnections()
    await closed
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET' } = request
    // A request may name its whole URL (RFC 9112, 3.2.2).
    const url = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '')
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
    const route = isFromPage(request.headers) ? notForPages : this.#routeOf(path, method)
    route(request, response, query).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'debug request failed')
      if (response.headersSent) response.destroy()
      else answerText(request, response, 500, 'failed: see the log')
    })
  }

  #routeOf(path: string, method: string): Route {
    const methods = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined
    // That of `/debug/health` is Distribution's answer.
    if (methods === undefined || (path === '/debug/health' && method !== 'GET')) return notFound
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined
    return route ?? otherMethod(Object.keys(methods))
  }

  #makeRoutes(): Routes {
    const { address, failures, prometheus, reload, vars, workers } = this.#options
    return {
      ...(prometheus && { [prometheus.path]: both(metricsRoute(prometheus.render)) }),
      '/debug/health': { GET: healthRoute(failures) },
      '/debug/vars': both(varsRoute(this.#collections, vars)),
      ...(reload && { '/debug/reload': { POST: reloadRoute(reload) } }),
      ...pprofRoutes(address.host, workers),
    }
  }
}

function both(route: Route): Readonly<Record<string, Route>> {
  return { GET: route, HEAD: route }
}

/** What a site's script, or image, asks for on the machine of an operator who looks at that site. */
const notForPages: Route = async (request, response) =>
  answerText(request, response, 403, 'not for web pages')
const notFound: Route = async (request, response) => answerText(request, response, 404, '404 page not found')

function otherMethod(methods: readonly string[]): Route {
  return async (request, response) =>
    answerText(request, response, 405, 'method not allowed', { Allow: methods.join(', ') })
}
