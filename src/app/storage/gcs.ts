import { withoutUndefined } from '../../config/schema/values.ts'
import type { GcsStorageConfig } from '../../config/storage-gcs.ts'
import type { OptionsOf } from '../../storage/create-driver.ts'
import type { DriverSurroundings } from './surroundings.ts'

/** What the configuration says, in the words of the driver. The variables are those of Go's client. */
export function gcsOptions(
  config: GcsStorageConfig,
  { userAgent, variables }: DriverSurroundings,
): OptionsOf<'gcs'> {
  const given = (name: string): string | undefined => variables[name] || undefined
  return withoutUndefined({
    kind: 'gcs' as const,
    bucket: config.bucket,
    rootDirectory: config.rootdirectory,
    keyFile: config.keyfile,
    credentials: config.keyfile === undefined ? config.credentials : undefined,
    chunkSize: config.chunksize,
    concurrency: config.maxconcurrency,
    userAgent: config.useragent ?? userAgent,
    emulatorHost: given('STORAGE_EMULATOR_HOST'),
    universeDomain: given('GOOGLE_CLOUD_UNIVERSE_DOMAIN'),
  })
}
