import type { LocationOptions } from './locations.ts'

/** What the HTTP layer can be told. */
export interface HttpSettings extends LocationOptions {
  /** `http.trustedproxies`; undefined is not the same as none. */
  readonly trustedProxies?: readonly string[] | undefined
  /** Added to every answer. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Then the methods that write are not among those that a path allows. */
  readonly isReadOnly: boolean
  /** Whether clients are sent to the store for blobs, where it gives URLs. */
  readonly redirectsBlobs: boolean
  /** Largest page of the catalog; asking for more is refused. */
  readonly maxCatalogEntries: number
  /** Largest page of a tags list; asking for more gives this many. */
  readonly maxTags: number
  /** Milliseconds without a byte of a request's body after which its client is given up. */
  readonly stallMilliseconds: number
  /** Milliseconds for one step of an answer, of up to a MiB: the kernel tells of room in large steps only. */
  readonly answerStallMilliseconds: number
}

export const defaultHttpSettings: HttpSettings = {
  relative: false,
  prefix: '/',
  headers: {},
  isReadOnly: false,
  redirectsBlobs: true,
  maxCatalogEntries: 1000,
  maxTags: 1000,
  stallMilliseconds: 60_000,
  answerStallMilliseconds: 600_000,
}
