import type { StorageDriver } from '../driver.ts'
import { withUrl } from './with-url.ts'

export interface RewriteOptions {
  readonly scheme?: string
  /** With or without a port. */
  readonly host?: string
  /** Taken away from the beginning of the path, where it stands there. */
  readonly trimPathPrefix?: string
}

/** Changes the URLs that the store gives, such as to a CDN before it, which must take what the signature says all the same. */
export function rewriting(inner: StorageDriver, options: RewriteOptions): StorageDriver {
  // Without a URL there is nothing to rewrite.
  if (inner.signedUrl === undefined) return inner
  return withUrl(inner, async (path, use) => {
    const url = await inner.signedUrl?.(path, use)
    return url && rewritten(url, options)
  })
}

function rewritten(url: URL, { scheme, host, trimPathPrefix = '' }: RewriteOptions): URL {
  // Composed, not assigned: a URL keeps its port when it gets a host without one.
  const origin = `${scheme ?? url.protocol.slice(0, -1)}://${host ?? url.host}`
  const path = trimmed(url.pathname, trimPathPrefix).replace(/^\/?/, '/')
  return new URL(`${origin}${path}${url.search}`)
}

/** The prefix is written as it is read, the path as it is sent. */
function trimmed(path: string, prefix: string): string {
  const found = [prefix, encodeURI(prefix)].find((text) => path.startsWith(text))
  return path.slice(found?.length ?? 0)
}
