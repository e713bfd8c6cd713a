import type { ByteRange, OpenObject } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { wholeBody } from '../object-store/body.ts'
import { GcsFailure, isAbsent } from './errors.ts'
import { sessionType } from './resource.ts'
import { type Opened, ResumingReader } from './resuming-reader.ts'
import type { Store } from './store.ts'
import { type Answer, readBefore } from './transport.ts'

const operation = 'GetObjectMedia'

interface OpenedObject extends Opened {
  readonly body: Answer['body']
  readonly generation: string | undefined
  /** Of the whole object, whoever made it: https://cloud.google.com/storage/docs/hashes-etags */
  readonly checksum: string | undefined
  readonly isSession: boolean
}

/**
 * Opens an object, or a range of it; undefined when absent.
 *
 * @throws GcsFailure
 */
export async function openObject(
  store: Store,
  key: string,
  range: ByteRange | undefined,
): Promise<OpenObject | undefined> {
  const opened = await get(store, key, range)
  if (opened === undefined) return undefined
  let generation = opened.generation
  return new ResumingReader(opened, {
    silence: store.requests.stall,
    failure: (problem) => new GcsFailure(operation, key, problem),
    async reopen(start, end) {
      const left = { start, end: end - 1 }
      // Who pushes again what is there replaces it by the same: paths of what is long are addressed by its content.
      const rest = (await get(store, key, left, generation)) ?? (await get(store, key, left))
      if (rest === undefined || !isSame(rest, opened)) {
        rest?.body.destroy()
        throw unavailable(`${key} was replaced or removed while it was read`)
      }
      generation = rest.generation
      return rest.body
    },
  })
}

/** A store that gives no checksums is trusted for objects of one size. */
function isSame(one: OpenedObject, other: OpenedObject): boolean {
  const isOtherContent =
    one.checksum !== undefined && other.checksum !== undefined && one.checksum !== other.checksum
  return one.size === other.size && !isOtherContent
}

/** An object in one piece, and its generation; undefined when absent, or larger than `limit` bytes. */
export async function readObject(
  store: Store,
  key: string,
  limit: number = Infinity,
): Promise<{ readonly content: Buffer; readonly generation: string } | undefined> {
  const { requests } = store
  try {
    return await requests.send(operation, key, async ({ open, signal }) => {
      const opened = openedOf(await open({ method: 'GET', url: mediaOf(store, key) }), undefined)
      const { body, size, generation, isSession } = opened
      if (!isSession && size <= limit) {
        const content = await readBefore(signal, body, () => wholeBody(body, size, requests.stall))
        return { content, generation: generation ?? '0' }
      }
      body.destroy()
      return undefined
    })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** @param generation of the object that is meant; of another one nothing is read */
async function get(
  store: Store,
  key: string,
  range: ByteRange | undefined,
  generation?: string,
): Promise<OpenedObject | undefined> {
  const url = mediaOf(store, key, generation)
  const headers = range && { Range: `bytes=${range.start}-${range.end}` }
  try {
    return await store.requests.send(operation, key, async ({ open }) => {
      const opened = openedOf(await open({ method: 'GET', url, ...(headers && { headers }) }), range)
      const isOther = generation !== undefined && opened.generation !== generation
      const isOf = range === undefined || (opened.start === range.start && opened.end === range.end + 1)
      if (isOf && !isOther && !opened.isSession) return opened
      opened.body.destroy()
      if (opened.isSession) return undefined
      throw unavailable(`the store sends something else than was asked for of ${key}`)
    })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

function mediaOf({ addresses }: Store, key: string, generation?: string): URL {
  return addresses.object(key, { alt: 'media', generation })
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/get: the object's description comes in headers. */
function openedOf({ status, headers, body }: Answer, range: ByteRange | undefined): OpenedObject {
  const length = Number(headers['content-length'])
  const [, start = '0', end = '', total] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  const generation = headers['x-goog-generation']
  const hashes = String(headers['x-goog-hash'] ?? '')
  const about = {
    body,
    generation: typeof generation === 'string' ? generation : undefined,
    checksum: /crc32c=([\w+/=]{1,20})/.exec(hashes)?.[1],
    isSession: headers['content-type'] === sessionType,
  }
  if (status === 206 && range !== undefined && total !== undefined)
    return { ...about, size: Number(total), start: Number(start), end: Number(end) + 1 }
  if (!Number.isSafeInteger(length)) {
    body.destroy()
    throw unavailable('the store does not say how long an object is')
  }
  return { ...about, size: length, start: 0, end: length }
}
