import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { WriteOptions } from '../driver.ts'
import { GcsFailure, isAbsent, isPreconditionFailed } from './errors.ts'
import { readObject } from './object-reader.ts'
import type { Asked, Attempt } from './requests.ts'
import { contentType, resourceFields, resourceOf } from './resource.ts'
import type { Store } from './store.ts'

/** Somebody else may write and delete all the while; so often is enough. */
const mostRounds = 50
const longestPause = 50

/** Metadata that tells whose write made an object, when the answer to that write was lost. */
const writerMark = 'berth-writer'

/** Writes a small object, replacing what is there. */
export async function putObject(store: Store, key: string, content: Uint8Array): Promise<void> {
  const asked = insertion(store, key, content)
  await store.requests.send('InsertObject', key, ({ ask }) => ask(asked))
}

/**
 * Writes a small object where none is, or where one is whose bytes are nothing: `ifGenerationMatch`. Returns whether it wrote: of
 * several writers one does. See https://cloud.google.com/storage/docs/request-preconditions
 *
 * @throws GcsFailure
 */
export async function putIfAbsent(
  store: Store,
  key: string,
  content: Uint8Array,
  isNothing: WriteOptions['isNothing'],
): Promise<boolean> {
  for (let round = 0; round < mostRounds; round++) {
    if (await putIf(store, key, content, '0')) return true
    if (isNothing === undefined) return false
    const found = await readObject(store, key)
    if (found !== undefined) {
      if (!isNothing(found.content)) return false
      if (await putIf(store, key, content, found.generation)) return true
    }
    // Somebody wrote or deleted in between.
    await delay(Math.random() * longestPause)
  }
  throw new GcsFailure('InsertObject', key, {
    code: 'conditionNotMet',
    status: 412,
    message: 'others go on writing and deleting it',
    requestId: undefined,
    retryAfter: undefined,
    clockCorrected: false,
    region: undefined,
  })
}

/** @param generation of the object that is to be replaced; 0: of none */
async function putIf(store: Store, key: string, content: Uint8Array, generation: string): Promise<boolean> {
  const mark = randomUUID()
  const asked = insertion(store, key, content, { mark, generation })
  try {
    await store.requests.send('InsertObject', key, async (attempt) => {
      try {
        await attempt.ask(asked)
      } catch (error) {
        // An earlier attempt may have been this writer's own success.
        if (!attempt.mayBeDone || !(await isMadeBy(store, key, mark, attempt))) throw error
      }
    })
    return true
  } catch (error) {
    if (isPreconditionFailed(error)) return false
    // A condition on what somebody deleted meanwhile.
    if (generation !== '0' && isAbsent(error)) return false
    throw error
  }
}

async function isMadeBy(store: Store, key: string, mark: string, attempt: Attempt): Promise<boolean> {
  const url = store.addresses.object(key, { fields: resourceFields })
  const { status, content } = await attempt.ask({ method: 'GET', url, expected: [404] })
  return status === 200 && resourceOf(content).metadata[writerMark] === mark
}

/** One request with the object's description and bytes; the store compares the MD5 before it shows them. */
function insertion(
  { addresses }: Store,
  key: string,
  content: Uint8Array,
  condition?: { readonly mark: string; readonly generation: string },
): Asked {
  const boundary = randomBytes(16).toString('hex')
  const description = {
    name: key,
    contentType,
    md5Hash: createHash('md5').update(content).digest('base64'),
    ...(condition && { metadata: { [writerMark]: condition.mark } }),
  }
  const head =
    `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(description)}\r\n` +
    `--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return {
    method: 'POST',
    url: addresses.upload('multipart', { name: key, ifGenerationMatch: condition?.generation }),
    headers: { 'Content-Type': `multipart/related; boundary=${boundary}` },
    body: [body],
    length: body.length,
  }
}
