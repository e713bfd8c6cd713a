import { z } from 'zod'
import type { GcsStorageConfig } from '../storage-gcs.ts'
import { threads, withoutUndefined } from './values.ts'

/** What an upload comes in: https://cloud.google.com/storage/docs/performing-resumable-uploads */
const unit = 256 * 1024
/** Google's own limit for an object; a piece of more could never be sent. */
const largest = 5 * 1024 ** 4

/** Distribution prints whatever it finds into text, so that a name of digits alone works unquoted. Empty is the same as none. */
const printed = z
  .union([z.string(), z.number(), z.boolean()], { error: 'text' })
  .transform((value) => (value === '' ? undefined : String(value)))
  .optional()

const aChunk = 'a multiple of 262144, such as 16777216'

const chunksize = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ],
    { error: aChunk },
  )
  .refine((value) => value >= unit && value <= largest && value % unit === 0, { error: aChunk })
  .default(64 * unit)

const aKey = "a map with the fields of a service account's key"

/**
 * The parameters of `gcs`, of Distribution 2 and 3. Messages say what is allowed; the place is added by the loader. What it does not know
 * it leaves to the check of names.
 */
export const gcs: z.ZodType<GcsStorageConfig, object> = z
  .object({
    bucket: printed,
    rootdirectory: printed,
    keyfile: printed,
    // YAML and variables bring a map without entries where somebody wants none.
    credentials: z
      .record(z.string(), z.unknown(), { error: aKey })
      .transform((fields) => (Object.keys(fields).length === 0 ? undefined : fields))
      .optional(),
    chunksize,
    maxconcurrency: threads.default(50),
    useragent: printed,
  })
  .transform(({ bucket, rootdirectory, ...given }, context): GcsStorageConfig => {
    if (bucket === undefined)
      context.addIssue({ code: 'custom', path: ['bucket'], message: 'the name of a bucket' })
    return {
      ...withoutUndefined(given),
      name: 'gcs',
      bucket: bucket ?? '',
      rootdirectory: rootdirectory ?? '',
    }
  })
