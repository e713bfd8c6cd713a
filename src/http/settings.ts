import type { LocationOptions } from './locations.ts'

/** What the HTTP layer can be told. */
export interface HttpSettings extends LocationOptions {
  /** Added to every answer. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Largest page of the catalog; asking for more is refused. */
  readonly maxCatalogEntries: number
  /** Largest page of a tags list; asking for more gives this many. */
  readonly maxTags: number
  /** Milliseconds without a byte, in a request's body or in the reading of an answer, after which a client is given up. */
  readonly stallMilliseconds: number
}

export const defaultHttpSettings: HttpSettings = {
  relative: false,
  prefix: '/',
  headers: {},
  maxCatalogEntries: 1000,
  maxTags: 1000,
  stallMilliseconds: 60_000,
}
