import type { S3StorageConfig } from '../../config/storage-s3.ts'
import type { OptionsOf } from '../../storage/create-driver.ts'
import { withoutUndefined } from '../../config/schema/values.ts'
import type { DriverSurroundings } from './surroundings.ts'

/** What the configuration says, in the words of the driver. `AWS_CA_BUNDLE` counts, as it does for Go's SDK and not for Node's. */
export function s3Options(
  config: S3StorageConfig,
  { log, userAgent, variables }: DriverSurroundings,
): OptionsOf<'s3'> {
  const { accesskey, secretkey, sessiontoken, forcepathstyle, encrypt, keyid } = config
  return withoutUndefined({
    kind: 's3' as const,
    bucket: config.bucket,
    rootDirectory: config.rootdirectory,
    region: config.region,
    endpoint: config.regionendpoint,
    // Unset: found out by the driver.
    addressing:
      forcepathstyle === undefined ? undefined : forcepathstyle ? ('path' as const) : ('host' as const),
    secure: config.secure,
    skipVerify: config.skipverify,
    caFile: variables['AWS_CA_BUNDLE'] === '' ? undefined : variables['AWS_CA_BUNDLE'],
    credentials:
      accesskey === undefined || secretkey === undefined
        ? undefined
        : withoutUndefined({ accessKey: accesskey, secretKey: secretkey, sessionToken: sessiontoken }),
    encryption: encrypt ? withoutUndefined({ keyId: keyid }) : undefined,
    storageClass: config.storageclass,
    acl: config.objectacl,
    chunkSize: config.chunksize,
    copyChunkSize: config.multipartcopychunksize,
    copyConcurrency: config.multipartcopymaxconcurrency,
    copyThreshold: config.multipartcopythresholdsize,
    dualStack: config.usedualstack,
    accelerate: config.accelerate,
    fips: config.usefipsendpoint,
    redirectEndpoint: config.redirectendpoint,
    logLevel: config.loglevel,
    userAgent: config.useragent ?? userAgent,
    log,
  })
}
