import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '../failure.ts'
import { isAbsent } from './errors.ts'
import { resourceFields, resourceOf } from './resource.ts'
import type { Store } from './store.ts'

/** Milliseconds: the store works for up to half a minute before it says how far it came. */
const copySilence = 60_000
/** A store that says so often that it came no further is given up. */
const mostIdleRounds = 5
/** Milliseconds between rounds; the more the longer nothing happens. */
const pause = 20

/**
 * Copies an object within the store, which no byte leaves: within one bucket it mostly takes one request, else the store is asked to go
 * on. False when there is none. https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
 *
 * @param generation of the source; of another one nothing is copied
 * @throws GcsFailure; STORAGE_UNAVAILABLE when the store does not come further
 */
export async function copyObject(
  { requests, addresses }: Store,
  from: string,
  to: string,
  generation?: string,
): Promise<boolean> {
  const fields = `done,rewriteToken,totalBytesRewritten,resource(${resourceFields})`
  let rewriteToken: string | undefined
  let progress = ''
  let idle = 0
  try {
    for (;;) {
      const url = addresses.rewrite(from, to, { rewriteToken, sourceGeneration: generation, fields })
      const { content } = await requests.send(
        'RewriteObject',
        to,
        ({ ask }) => ask({ method: 'POST', url }),
        { silence: Math.max(copySilence, requests.stall), total: requests.longPatience },
      )
      const { done, rewriteToken: token, totalBytesRewritten: bytes } = content
      if (done === true || typeof token !== 'string') return true
      rewriteToken = token
      const reached = JSON.stringify([token, bytes])
      idle = reached === progress ? idle + 1 : 0
      progress = reached
      if (idle >= mostIdleRounds) throw unavailable(`the store does not go on copying ${from} to ${to}`)
      await delay(pause * (1 + idle))
    }
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/**
 * Makes one object of up to 32, in their order, without a byte passing through here. Returns its size in bytes.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/compose
 */
export async function composeObjects(
  { requests, addresses }: Store,
  from: readonly string[],
  to: string,
  contentType: string,
): Promise<number> {
  const order = { sourceObjects: from.map((name) => ({ name })), destination: { contentType } }
  const body = Buffer.from(JSON.stringify(order))
  const { content } = await requests.send(
    'ComposeObject',
    to,
    ({ ask }) =>
      ask({
        method: 'POST',
        url: addresses.compose(to),
        headers: { 'Content-Type': 'application/json; charset=UTF-8' },
        body: [body],
        length: body.length,
      }),
    { silence: Math.max(copySilence, requests.stall), total: requests.longPatience },
  )
  return resourceOf(content).size
}
