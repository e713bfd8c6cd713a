import type {
  CloudFrontConfig,
  GoogleCdnConfig,
  MiddlewareConfig,
  StorageMiddlewareConfig,
} from '../../config/middleware.ts'
import type { Log } from '../../registry/context.ts'
import { withoutUndefined } from '../../config/schema/values.ts'
import type { StorageDriver } from '../../storage/driver.ts'
import { ClientRanges } from '../../storage/middleware/client-ranges.ts'
import { cloudFront } from '../../storage/middleware/cloudfront.ts'
import { googleCdn } from '../../storage/middleware/google-cdn.ts'
import {
  amazonNetworks,
  googleNetworks,
  type ReadNetworks,
} from '../../storage/middleware/range-documents.ts'
import { redirecting } from '../../storage/middleware/redirect.ts'
import { rewriting } from '../../storage/middleware/rewrite.ts'

/**
 * Puts around a store what `middleware.storage` lists, the last one outermost.
 *
 * @throws Error of one line, when something that it names cannot be used; the store is closed then
 */
export async function withStorageMiddleware(
  store: StorageDriver,
  { storage }: MiddlewareConfig,
  log: Log,
): Promise<StorageDriver> {
  let driver = store
  for (const config of storage) {
    try {
      driver = await wrapped(driver, config, log)
    } catch (error) {
      await driver.close()
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`middleware.storage[${config.index}] (${config.name}): ${reason}`, { cause: error })
    }
  }
  return driver
}

function wrapped(
  driver: StorageDriver,
  config: StorageMiddlewareConfig,
  log: Log,
): StorageDriver | Promise<StorageDriver> {
  switch (config.name) {
    case 'redirect':
      return redirecting(driver, { baseUrl: config.baseurl })
    case 'rewrite': {
      const { scheme, host, trimpathprefix: trimPathPrefix } = config
      return rewriting(driver, withoutUndefined({ scheme, host, trimPathPrefix }))
    }
    case 'cloudfront':
      return onlyFor('s3', driver, config, log, async () =>
        cloudFront(driver, {
          ...signingOptions(config),
          keyPairId: config.keypairid,
          direct: rangesOf(config, amazonReader(config), log),
        }),
      )
  }
  return onlyFor('gcs', driver, config, log, async () =>
    googleCdn(driver, {
      ...signingOptions(config),
      keyName: config.keyname,
      direct: rangesOf(config, googleNetworks, log),
    }),
  )
}

/** With another driver it is passed over, as Distribution does at each request. */
async function onlyFor(
  name: string,
  driver: StorageDriver,
  config: StorageMiddlewareConfig,
  log: Log,
  wrap: () => Promise<StorageDriver>,
): Promise<StorageDriver> {
  if (driver.name === name) return await wrap()
  log.warn(
    { middleware: config.name, wants: name, driver: driver.name },
    'storage middleware without effect: it does not work with this driver',
  )
  return driver
}

function signingOptions({ baseurl, privatekey, duration }: CloudFrontConfig | GoogleCdnConfig) {
  return { baseUrl: baseurl, privateKey: privatekey, lifetime: Math.floor(duration / 1000) }
}

function amazonReader({ ipfilteredby, awsregion }: CloudFrontConfig): ReadNetworks {
  return amazonNetworks(ipfilteredby === 'awsregion' ? awsregion : undefined)
}

function rangesOf(
  { ipfilteredby, iprangesurl: url, updatefrequency: every }: CloudFrontConfig | GoogleCdnConfig,
  read: ReadNetworks,
  log: Log,
): ClientRanges | undefined {
  return ipfilteredby === 'none' ? undefined : new ClientRanges({ url, every, read, log })
}
