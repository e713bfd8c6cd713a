import { z } from 'zod'
import type { StorageConfig, StorageDriverConfig } from '../config.ts'
import { azure } from './storage-azure.ts'
import { gcs } from './storage-gcs.ts'
import { s3 } from './storage-s3.ts'
import {
  duration,
  flag,
  forTimer,
  notNegative,
  text,
  threads,
  whole,
  withoutUndefined,
  section,
  type Section,
} from './values.ts'

const cacheNames: readonly unknown[] = ['inmemory', 'redis']

const cache = z
  .object({
    blobdescriptor: z.unknown().optional(),
    layerinfo: z.unknown().optional(),
    blobdescriptorsize: whole.default(10_000),
  })
  .prefault({})
  .transform((given) =>
    withoutUndefined({
      // Any other name means no cache, with a warning, in Distribution too.
      blobdescriptor: [given.blobdescriptor, given.layerinfo].find(isCacheName),
      blobdescriptorsize: Math.max(given.blobdescriptorsize, 0),
    }),
  )

function isCacheName(value: unknown): value is 'inmemory' | 'redis' {
  return cacheNames.includes(value)
}

const hour = 3_600_000

const aSpan = 'a duration with a unit, such as 168h'

/**
 * As in Distribution text alone: a number would count nanoseconds, and an age of 168 of them take away every upload that is under way.
 */
const purgeDuration = z
  .union([z.string(), z.literal(0)], { error: aSpan })
  .transform((value): string | number => value)
  .pipe(duration)

const maintenance = z
  .object({
    uploadpurging: z
      .object({
        enabled: flag.default(true),
        age: purgeDuration.default(168 * hour),
        interval: purgeDuration.transform(forTimer).default(24 * hour),
        dryrun: flag.default(false),
      })
      .prefault({}),
    readonly: z.object({ enabled: flag.default(false) }).prefault({}),
  })
  .prefault({})

export const storage: Section<StorageConfig> = section(
  z
    .object({
      filesystem: z
        .object({
          rootdirectory: z
            .union([text, z.number().transform(String)], { error: 'the path of a folder' })
            .transform((value) => (value === '' ? '/var/lib/registry' : value))
            .default('/var/lib/registry'),
          maxthreads: threads.default(100),
        })
        .optional(),
      s3: s3.optional(),
      s3aws: s3.optional(),
      gcs: gcs.optional(),
      azure: azure.optional(),
      delete: z.object({ enabled: flag.default(false) }).prefault({}),
      redirect: z.object({ disable: flag.default(false) }).prefault({}),
      cache,
      tag: z.object({ concurrencylimit: notNegative.default(0) }).prefault({}),
      maintenance,
    })
    .transform(({ filesystem, s3: byS3, s3aws, gcs: byGcs, azure: byAzure, ...given }) => {
      // That there is exactly one driver, and one that exists, is checked where the places are known.
      const driver: StorageDriverConfig = byS3 ??
        s3aws ??
        byGcs ??
        byAzure ??
        (filesystem && { name: 'filesystem', ...filesystem }) ?? { name: 'inmemory' }
      return { ...given, driver }
    }),
)
