import { randomUUID } from 'node:crypto'
import { unavailable } from '../failure.ts'
import { Limiter } from '../object-store/limiter.ts'
import { composeObjects, copyObject } from './copy.ts'
import { putObject } from './conditional-write.ts'
import { temporaryFolder } from './leftovers.ts'
import { describeObject } from './object-info.ts'
import { removeKeys } from './removal.ts'
import { contentType } from './resource.ts'
import type { Store } from './store.ts'

/** What the store composes at once. */
const width = 32
const composedTogether = 8

export interface Source {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/**
 * Makes one object of several, in their order; the store does it, whatever their sizes. Groups of 32 become one, those again, and what is
 * left is copied to its place once it has the right size.
 *
 * @throws RegistryError STORAGE_UNAVAILABLE, also when a source is absent or of another size
 */
export async function concatenateObjects(
  store: Store,
  sources: readonly Source[],
  to: string,
): Promise<void> {
  const parts = sources.filter(({ size }) => size > 0)
  const [first] = parts
  if (first === undefined) return putObject(store, to, Buffer.alloc(0))
  if (parts.length === 1) return copyChecked(store, first, to)
  const made: string[] = []
  try {
    let level: readonly Source[] = parts
    while (level.length > 1) level = await composeLevel(store, level, made)
    const [whole] = level
    if (whole === undefined || !(await copyObject(store, whole.key, to)))
      throw unavailable(`what becomes ${to} is gone`)
  } finally {
    // What cannot be removed now is a leftover.
    await removeKeys(store, made).catch(() => undefined)
  }
}

async function copyChecked(store: Store, { key, size }: Source, to: string): Promise<void> {
  const found = await describeObject(store, key)
  if (found?.size !== size) throw unavailable(`${key} is gone, or not of ${size} bytes`)
  if (!(await copyObject(store, key, to, found.generation))) throw unavailable(`${key} is gone`)
}

/** @param made is told of each object before it is made */
async function composeLevel(store: Store, sources: readonly Source[], made: string[]): Promise<Source[]> {
  const groups: (readonly Source[])[] = []
  for (let start = 0; start < sources.length; start += width) groups.push(sources.slice(start, start + width))
  return new Limiter(composedTogether).all(groups, async (group) => {
    const [only] = group
    if (group.length === 1 && only !== undefined) return only
    const key = `${temporaryFolder(store)}${randomUUID()}`
    made.push(key)
    const size = group.reduce((sum, part) => sum + part.size, 0)
    const composed = await composeObjects(
      store,
      group.map((part) => part.key),
      key,
      contentType,
    )
    if (composed !== size)
      throw unavailable(`parts of an object have ${composed} bytes together, not ${size}`)
    return { key, size }
  })
}
