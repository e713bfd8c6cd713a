import type { StorageDriver } from '../driver.ts'
import { withUrl } from './with-url.ts'

export interface RedirectOptions {
  /** What the URLs begin with: scheme, host, and perhaps a path. */
  readonly baseUrl: string
}

/**
 * Sends clients to another server, which has the same objects under their paths and asks for no signature. Works with every
 * driver, for no store is asked.
 */
export function redirecting(inner: StorageDriver, { baseUrl }: RedirectOptions): StorageDriver {
  // A query, a user and a password do not count, as in Distribution.
  const { origin, pathname } = new URL(baseUrl)
  const base = origin + pathname.replace(/\/+$/, '')
  return withUrl(inner, async (path) => new URL(`${base}/${path}`))
}
