import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { startFront, type FrontKind, type FrontOptions, type RunningFront } from '../fronts/front.ts'
import type { Cleaner } from './at-exit.ts'
import { freePort } from './free-port.ts'
import type { S3Server } from './radosgw.ts'
import { startRegistry, type RegistryOptions, type RunningRegistry } from './registry-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Several registries on one store, each a process of its own, and a load balancer in front that sends each request to another one. */

/** What replicas have in common: the `storage` section of their configuration, as `startRegistry` merges it. */
export interface SharedStore {
  readonly name: string
  readonly storage: Readonly<Record<string, unknown>>
}

/** A folder that all of them see. */
export function sharedFolder(test: Cleaner): SharedStore & { readonly root: string } {
  const root = temporaryFolder(test).path
  return { name: 'a shared folder', storage: { filesystem: { rootdirectory: root } }, root }
}

/** A bucket, below a root of its own. */
export function sharedBucket({ url, keys }: S3Server, bucket: string): SharedStore {
  return {
    name: 'one bucket',
    storage: {
      filesystem: null,
      s3: {
        bucket,
        region: 'us-east-1',
        regionendpoint: url,
        forcepathstyle: true,
        accesskey: keys.accessKey,
        secretkey: keys.secretKey,
        rootdirectory: `/${randomUUID()}`,
      },
    },
  }
}

/** One of several. It can be ended and started again where it was. */
export class Replica {
  readonly #options: RegistryOptions
  readonly #test: Cleaner
  #running: RunningRegistry
  /** What former processes of it wrote. */
  #before = ''

  private constructor(options: RegistryOptions, test: Cleaner, running: RunningRegistry) {
    this.#options = options
    this.#test = test
    this.#running = running
  }

  static async start(options: RegistryOptions, test: Cleaner): Promise<Replica> {
    return new Replica(options, test, await startRegistry({ kind: 'berth', ...options }, test))
  }

  get url(): string {
    return this.#running.url
  }

  get host(): string {
    return this.#running.host
  }

  get pid(): number {
    return this.#running.pid
  }

  /** All that it has written, the access log included. */
  output(): string {
    return this.#before + this.#running.output()
  }

  async stop(): Promise<void> {
    await this.#running.stop()
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#running.kill()
  }

  /** Starts it where it was, after it was stopped or killed. */
  async startAgain(): Promise<void> {
    this.#before = this.output()
    const { port } = this.#running
    this.#running = await startRegistry({ kind: 'berth', ...this.#options, port }, this.#test)
  }

  /** The requests that it answered so far, as the access log has them. What it answered within 200 ms may not be there yet. */
  requests(): readonly LoggedRequest[] {
    return [...this.output().matchAll(/"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3}) \d+ "[^"]*" "([^"]*)"/g)].map(
      ([, method = '', path = '', status, agent = '']) => ({ method, path, status: Number(status), agent }),
    )
  }
}

export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly agent: string
}

/** @param each further options of each of them; there are as many replicas */
export async function startReplicas(
  { storage }: SharedStore,
  each: readonly RegistryOptions[],
  test: Cleaner,
): Promise<readonly Replica[]> {
  return await Promise.all(
    each.map((options) => {
      const own = options.config?.['storage']
      const config = {
        ...options.config,
        storage: { ...storage, ...(own as SharedStore['storage'] | undefined) },
      }
      return Replica.start({ ...options, config }, test)
    }),
  )
}

/** A load balancer with the files that are shipped for several replicas, plain HTTP on a port of its own. */
export async function startBalancer(
  kind: FrontKind,
  replicas: readonly Replica[],
  test: Cleaner,
  edits: FrontOptions['edits'] = {},
): Promise<RunningFront> {
  return await startFront(
    {
      kind,
      edits,
      registries: replicas.map(({ host }) => host),
      severalReplicas: true,
      address: '127.0.0.1',
      port: await freePort(),
    },
    test,
  )
}

/** For each upload, which replicas answered its requests after the first one, in no order: one number for each request. */
export type Spread = ReadonlyMap<string, readonly number[]>

/** Waits until the access logs are written, and gives the uploads to a repository. */
export async function spreadOf(replicas: readonly Replica[], repository: string): Promise<Spread> {
  await delay(300)
  const spread = new Map<string, number[]>()
  const prefix = `/v2/${repository}/blobs/uploads/`
  for (const [index, replica] of replicas.entries())
    for (const { path } of replica.requests()) {
      const id = path.startsWith(prefix) ? path.slice(prefix.length).replace(/\?.*/s, '') : ''
      if (id !== '') spread.set(id, [...(spread.get(id) ?? []), index])
    }
  return spread
}
