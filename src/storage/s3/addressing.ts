import type { S3Client } from '@aws-sdk/client-s3'
import { problemOf } from './errors.ts'

const answerWithin = 5_000

/**
 * Whether a bucket is named in the path. Distribution 2 does so whenever there is an endpoint, version 3 only when told; which of them
 * a configuration was written for cannot be seen. So the path is tried, which nearly every server of one's own knows, and the host's
 * name where it is refused.
 *
 * @param make a client for either form
 */
export async function knowsPathStyle(make: (pathStyle: boolean) => S3Client, probe: Probe): Promise<boolean> {
  if (await answers(make(true), probe)) return true
  // With neither, the self test says what is wrong.
  return !(await answers(make(false), probe))
}

/** Asks for the bucket by that client. */
export type Probe = (client: S3Client, signal: AbortSignal) => Promise<unknown>

async function answers(client: S3Client, probe: Probe): Promise<boolean> {
  try {
    await probe(client, AbortSignal.timeout(answerWithin))
    return true
  } catch (error) {
    // Known, and not for these keys, or not with this clock: it is the bucket that answers.
    return problemOf(error).status === 403
  } finally {
    client.destroy()
  }
}
