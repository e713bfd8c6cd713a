import type { IncomingMessage } from 'node:http'
import type { ForwardedHeaders } from './forwarded.ts'

export interface LocationOptions {
  /** `http.host`: where clients reach this registry; overrides all that a request says. */
  readonly host?: URL | undefined
  /** `http.relativeurls` */
  readonly relative: boolean
  /** `http.prefix`, such as `/registry/`; `/` when unset. */
  readonly prefix: string
}

/**
 * Makes the URLs of `Location` headers, by Distribution's rules: `http.host`, else relative if so configured, else from the
 * request as the outermost proxy saw it. A host that is no host is not echoed: the answer is relative then.
 */
export class Locations {
  readonly #root: string | undefined
  /** Of `http.host`, as far as it takes the place of the prefix. */
  readonly #rootPath: string | undefined
  readonly #relative: boolean
  readonly #prefix: string
  readonly #forwarded: ForwardedHeaders

  constructor(options: LocationOptions, forwarded: ForwardedHeaders) {
    this.#prefix = options.prefix.replace(/\/$/, '')
    this.#relative = options.relative
    this.#forwarded = forwarded
    const { host } = options
    if (host !== undefined) {
      const path = host.pathname.endsWith('/') ? host.pathname.slice(0, -1) : ''
      this.#rootPath = path === '' ? undefined : path
      this.#root = `${host.protocol}//${host.host}${path === '' ? this.#prefix : path}`
    }
  }

  /** @param path below the registry's root, such as `/v2/NAME/blobs/DIGEST` */
  of(request: IncomingMessage, path: string): string {
    if (this.#root !== undefined) return this.#root + path
    const local = this.#prefix + path
    return this.#relative ? local : this.#forwarded.origin(request) + local
  }

  /** As `of`, and never relative unless nobody says by what name the registry was reached. */
  absolute(request: IncomingMessage, path: string): string {
    return (this.#root ?? this.#forwarded.origin(request) + this.#prefix) + path
  }

  /**
   * The path for a `Link` to another page of what was asked for: the request's own, so that it is right behind any proxy, unless
   * `http.host` says that clients see another one.
   *
   * @param path as the client wrote it, prefix included
   */
  linkPath(path: string): string {
    return this.#rootPath === undefined ? path : this.#rootPath + path.slice(this.#prefix.length)
  }
}
