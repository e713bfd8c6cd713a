import { randomUUID } from 'node:crypto'
import { createDriver } from '../../src/storage/create-driver.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { type RegistryOptions, type RunningRegistry, startRegistry } from '../support/registry-process.ts'
import { makeBucket, type TestBucket } from '../support/s3-store.ts'
import { sharedRadosgw, type SharedRadosgw } from '../support/shared-radosgw.ts'

/** Everything longer than continuous integration has time for. */
export const isFull: boolean = process.env['BERTH_FULL'] !== undefined

/** A real store with one bucket, and registries that keep what they have in it, each on a root of its own. */
export interface Rig {
  readonly server: SharedRadosgw
  readonly bucket: TestBucket
  /** The user whose keys these are: what is done to it touches no other test. */
  readonly user: string
}

export async function startRig(): Promise<Rig> {
  const shared = await sharedRadosgw()
  const user = `faults-${randomUUID().slice(0, 8)}`
  const keys = { accessKey: user, secretKey: randomUUID() }
  await shared.admin(
    `user create --uid=${user} --display-name=${user} --access-key=${keys.accessKey} --secret-key=${keys.secretKey}`,
  )
  const server = { ...shared, keys }
  return { server, user, bucket: await makeBucket(server) }
}

/** A root in the bucket: what one registry, or several replicas, have. */
export interface Root {
  readonly name: string
  readonly rig: Rig
}

export function newRoot(rig: Rig): Root {
  return { name: randomUUID(), rig }
}

export interface VictimOptions extends Pick<
  RegistryOptions,
  'env' | 'nodeFlags' | 'kind' | 'nodeBinary' | 'port'
> {
  /** Where it finds the store: a proxy. Default: the store itself. */
  readonly endpoint?: string
  /** Parameters of the driver; null removes a default. */
  readonly s3?: Readonly<Record<string, unknown>>
  /** Other sections of `storage`. */
  readonly storage?: Readonly<Record<string, unknown>>
  /** Whether clients are sent to the store. Default: false. */
  readonly redirects?: boolean
}

/** Starts a registry process on a root. */
export function startOn(
  { name, rig }: Root,
  { endpoint, s3, storage, redirects = false, ...options }: VictimOptions = {},
  test?: Cleaner,
): Promise<RunningRegistry> {
  return startRegistry(
    {
      kind: 'berth',
      ...options,
      config: {
        storage: {
          filesystem: null,
          s3: { ...parametersOf(rig, name, endpoint), ...s3 },
          delete: { enabled: true },
          // What goes through the registry is what faults of the store can break.
          redirect: { disable: !redirects },
          ...storage,
        },
      },
    },
    test,
  )
}

/** `storage.s3` of a configuration. */
export function parametersOf(
  { server, bucket }: Rig,
  rootdirectory: string,
  endpoint: string = server.url,
): Readonly<Record<string, unknown>> {
  return {
    bucket: bucket.name,
    region: 'us-east-1',
    regionendpoint: endpoint,
    forcepathstyle: true,
    rootdirectory,
    accesskey: server.keys.accessKey,
    secretkey: server.keys.secretKey,
    // The smallest, so that a blob of some MiB takes several requests.
    chunksize: 5_242_880,
    multipartcopychunksize: 5_242_880,
    multipartcopythresholdsize: 5_242_880,
  }
}

/** The driver on a root, past all proxies. */
export async function driverOn({ name, rig }: Root, change: Partial<S3Options> = {}): Promise<StorageDriver> {
  return await createDriver({ kind: 's3', ...rig.bucket.options({ rootDirectory: name, ...change }) })
}
