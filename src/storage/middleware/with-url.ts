import type { StorageDriver, StoragePath, UrlUse } from '../driver.ts'

export type GiveUrl = (path: StoragePath, use: UrlUse) => Promise<URL | undefined>

/**
 * The same store, which sends clients elsewhere for its objects.
 *
 * @param stop ends what the URLs need, when the store is closed
 */
export function withUrl(
  inner: StorageDriver,
  signedUrl: GiveUrl,
  stop: () => void = () => {},
): StorageDriver {
  return {
    name: inner.name,
    ...(inner.minChunk !== undefined && { minChunk: inner.minChunk }),
    stat: (path, options) => inner.stat(path, options),
    read: (path, limit) => inner.read(path, limit),
    write: (path, content, options) => inner.write(path, content, options),
    publish: (objects) => inner.publish(objects),
    open: (path, range) => inner.open(path, range),
    create: (path, source, options) => inner.create(path, source, options),
    move: (from, to, options) => inner.move(from, to, options),
    delete: (path) => inner.delete(path),
    deleteTree: (path, options) => inner.deleteTree(path, options),
    list: (path, after) => inner.list(path, after),
    removeLeftovers: (olderThan, options) => inner.removeLeftovers(olderThan, options),
    ...(inner.concatenate && { concatenate: async (parts, to) => inner.concatenate?.(parts, to) }),
    ...(inner.objectKey && { objectKey: (path: StoragePath): string => inner.objectKey?.(path) ?? path }),
    signedUrl,
    close: async () => {
      stop()
      await inner.close()
    },
  }
}
