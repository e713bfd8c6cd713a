import type { StorageDriver, StoragePath } from '../driver.ts'

/**
 * What the URLs of a CDN begin with, as Distribution completes it: `d111.cloudfront.net` is `https://d111.cloudfront.net/`. In the
 * one form that a URL has, for the text itself is signed.
 *
 * @throws TypeError for what is no URL
 */
export function completeBase(base: string): string {
  const { origin, pathname } = new URL(base.includes('://') ? base : `https://${base}`)
  return origin + pathname.replace(/\/*$/, '/')
}

/**
 * The URL of an object at a CDN, which knows it by the name that it has in the bucket.
 *
 * @param base ends with a slash
 */
export function objectUrl(inner: StorageDriver, base: string, path: StoragePath): string {
  // A root folder may have any name.
  const key = (inner.objectKey?.(path) ?? path).split('/').map(encodeURIComponent).join('/')
  return base + key
}
