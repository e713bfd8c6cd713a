import type { GcsOptions } from './options.ts'

export const defaultUniverse = 'googleapis.com'

/**
 * Where the store's API is: a URL without a path. As Go's client reads STORAGE_EMULATOR_HOST: without a scheme it is plain HTTP, and its
 * path counts for nothing.
 *
 * @throws Error when it is no URL
 */
export function endpointOf({ emulatorHost, universeDomain }: EndpointOptions): URL {
  if (emulatorHost === undefined || emulatorHost === '')
    return new URL(`https://storage.${universeDomain ?? defaultUniverse}`)
  const text = emulatorHost.includes('://') ? emulatorHost : `http://${emulatorHost}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error('STORAGE_EMULATOR_HOST is neither a URL nor host:port: correct it, or unset it')
  return new URL(url.origin)
}

export type EndpointOptions = Pick<GcsOptions, 'emulatorHost' | 'universeDomain'>

/** The URLs of one bucket: https://cloud.google.com/storage/docs/json_api/v1 */
export class Addresses {
  readonly #origin: string
  readonly #bucket: string

  constructor(endpoint: URL, bucket: string) {
    this.#origin = endpoint.origin
    this.#bucket = bucket
  }

  /** Of an object's description, or with `alt=media` of its bytes. */
  object(key: string, query: Query = {}): URL {
    return withQuery(new URL(`${this.#origin}/storage/v1/${this.#path(key)}`), query)
  }

  /** Of the list of objects. */
  objects(query: Query): URL {
    return withQuery(new URL(`${this.#origin}/storage/v1/b/${encodeURIComponent(this.#bucket)}/o`), query)
  }

  compose(key: string): URL {
    return new URL(`${this.object(key).href}/compose`)
  }

  rewrite(from: string, to: string, query: Query): URL {
    return withQuery(new URL(`${this.object(from).href}/rewriteTo/${this.#path(to)}`), query)
  }

  upload(uploadType: string, query: Query): URL {
    const url = new URL(`${this.#origin}/upload/storage/v1/b/${encodeURIComponent(this.#bucket)}/o`)
    return withQuery(url, { uploadType, ...query })
  }

  /** Where an upload goes on. The store may name itself otherwise than it was called; it is reached as before. */
  session(location: string): URL {
    const { pathname, search } = new URL(location, this.#origin)
    return new URL(pathname + search, this.#origin)
  }

  #path(key: string): string {
    return `b/${encodeURIComponent(this.#bucket)}/o/${encodeURIComponent(key)}`
  }
}

export type Query = Readonly<Record<string, string | undefined>>

function withQuery(url: URL, query: Query): URL {
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}
