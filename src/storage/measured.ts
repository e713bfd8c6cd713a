import type { StorageDriver } from './driver.ts'

/** Told of each call when it ends, well or not. Seconds. */
export type ObserveAction = (driver: string, action: StorageAction, seconds: number) => void

/**
 * Distribution's names of what a driver does: `Reader` opens an object, `Writer` streams one, `PutContent` also publishes several
 * small ones at once, and `Move` also makes one object of several.
 */
export type StorageAction =
  | 'GetContent'
  | 'PutContent'
  | 'Stat'
  | 'List'
  | 'Move'
  | 'Delete'
  | 'Reader'
  | 'Writer'
  | 'RedirectURL'

/**
 * A driver that tells how long each call took. Only the store's own time counts: not that for which a stream waits for the
 * client that brings it, nor that which the reader of a listing takes.
 */
export function measuredDriver(inner: StorageDriver, observe: ObserveAction): StorageDriver {
  const { name } = inner
  const timed = async <Value>(action: StorageAction, call: () => Promise<Value>): Promise<Value> => {
    const start = performance.now()
    try {
      return await call()
    } finally {
      observe(name, action, (performance.now() - start) / 1000)
    }
  }
  return {
    name,
    ...(inner.minChunk !== undefined && { minChunk: inner.minChunk }),
    stat: (path, options) => timed('Stat', () => inner.stat(path, options)),
    read: (path, limit) => timed('GetContent', () => inner.read(path, limit)),
    write: (path, content, options) => timed('PutContent', () => inner.write(path, content, options)),
    publish: (objects) => timed('PutContent', () => inner.publish(objects)),
    // The object itself is handed on as it is: its buffers are used again, and it must be closed as the driver says.
    open: (path, range) => timed('Reader', () => inner.open(path, range)),
    move: (from, to, options) => timed('Move', () => inner.move(from, to, options)),
    delete: (path) => timed('Delete', () => inner.delete(path)),
    deleteTree: (path, options) => timed('Delete', () => inner.deleteTree(path, options)),
    removeLeftovers: (olderThan, options) => inner.removeLeftovers(olderThan, options),
    close: () => inner.close(),
    ...(inner.concatenate && {
      concatenate: (parts, to) => timed('Move', async () => inner.concatenate?.(parts, to)),
    }),
    ...(inner.signedUrl && {
      signedUrl: (path, use) => timed('RedirectURL', async () => inner.signedUrl?.(path, use)),
    }),

    async create(path, source, options) {
      const start = performance.now()
      const pulls = new TimedPulls(source)
      try {
        return await inner.create(path, pulls, options)
      } finally {
        observe(name, 'Writer', (performance.now() - start - pulls.milliseconds) / 1000)
      }
    },

    async *list(path, after) {
      const pulls = new TimedPulls(inner.list(path, after))
      try {
        yield* pulls
      } finally {
        observe(name, 'List', pulls.milliseconds / 1000)
      }
    },
  }
}

/** Passes items on one by one, as they are asked for, and adds up the time that was waited for them. */
class TimedPulls<Item> implements AsyncIterable<Item> {
  milliseconds = 0
  readonly #source: AsyncIterable<Item>

  constructor(source: AsyncIterable<Item>) {
    this.#source = source
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    const iterator = this.#source[Symbol.asyncIterator]()
    const timed = async <Value>(pull: () => Promise<Value>): Promise<Value> => {
      const start = performance.now()
      try {
        return await pull()
      } finally {
        this.milliseconds += performance.now() - start
      }
    }
    return {
      next: () => timed(() => iterator.next()),
      return: async (value?: unknown) =>
        iterator.return === undefined
          ? { done: true, value: undefined }
          : await timed(async () => (await iterator.return?.(value)) ?? { done: true, value: undefined }),
    }
  }
}
