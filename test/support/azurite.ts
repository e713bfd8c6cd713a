import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import type { AzureOptions } from '../../src/storage/azure/options.ts'
import type { DriverUnderTest } from '../../src/storage/contract/support.ts'
import type { Cleaner } from './at-exit.ts'
import { startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import { servicesFolder, type Skippable } from './require-program.ts'
import type { Fate } from './s3-proxy.ts'
import type { ServerCertificate } from './versitygw.ts'

const settings = ['--inMemoryPersistence', '--silent', '--skipApiVersionCheck', '--disableTelemetry']

const main = join(servicesFolder, 'azurite', 'node_modules', 'azurite', 'dist', 'src', 'blob', 'main.js')

/** Why there is no Azurite here; undefined when there is. In continuous integration that is a failure. */
export function azuriteMissing(): string | undefined {
  if (existsSync(join(servicesFolder, 'azurite', 'version'))) return undefined
  const reason = 'azurite is not installed: run test/services/install.sh'
  if (process.env['CI']) throw new Error(reason)
  return reason
}

/** Whether Azurite is there; if not, the test is skipped, or fails in continuous integration. */
export function requireAzurite(test: Skippable): boolean {
  const reason = azuriteMissing()
  if (reason !== undefined) test.skip(reason)
  return reason === undefined
}

export interface Azurite {
  /** Of the account. */
  readonly url: string
  readonly port: number
  readonly account: string
  readonly key: string
  readonly stop: () => Promise<void>
}

/**
 * Starts Azurite with one account. It ends with the test, if one is given, or with this process.
 *
 * @param tls whose certificate it shows; it takes tokens then, too, and does not look who signed them. Without, it speaks plain HTTP
 */
export async function startAzurite(test?: Cleaner, tls?: ServerCertificate): Promise<Azurite> {
  const port = await freePort()
  const account = 'berthtests'
  const key = randomBytes(64).toString('base64')
  const secured = tls === undefined ? [] : ['--cert', tls.chain, '--key', tls.key, '--oauth', 'basic']
  const daemon = await startProcess(
    join(servicesFolder, 'node24', 'bin', 'node'),
    [main, '--blobHost', '127.0.0.1', '--blobPort', `${port}`, ...settings, ...secured],
    { env: { AZURITE_ACCOUNTS: `${account}:${key}` }, isReady: async () => await answers(port) },
  )
  const stop = async (): Promise<void> => {
    await daemon.kill()
  }
  test?.after(stop)
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/${account}`
  return { url, port, account, key, stop }
}

/** A container of a test server, and a client that looks into it past the driver. */
export interface TestContainer {
  readonly name: string
  readonly client: ContainerClient
  /** What the driver needs to store in it, below a root of its own. */
  readonly options: (change?: Partial<AzureOptions>) => AzureOptions
  /** All names below a prefix, sorted; with what has blocks alone and is no blob yet if asked for. */
  readonly names: (prefix?: string, withUncommitted?: boolean) => Promise<string[]>
}

export async function makeContainer(server: Azurite, name: string = 'registry'): Promise<TestContainer> {
  const credential = new StorageSharedKeyCredential(server.account, server.key)
  const client = new BlobServiceClient(server.url, credential).getContainerClient(name)
  await client.create()
  return {
    name,
    client,
    options: (change) => ({
      accountName: server.account,
      credentials: { kind: 'shared-key', key: server.key },
      container: name,
      serviceUrl: server.url,
      rootDirectory: randomUUID(),
      ...change,
    }),
    async names(prefix = '', withUncommitted = false) {
      const names: string[] = []
      const listing = client.listBlobsFlat({ prefix, includeUncommitedBlobs: withUncommitted })
      for await (const blob of listing) names.push(blob.name)
      return names.toSorted()
    },
  }
}

/** A driver on an empty root of its own, for the contract suite. */
export async function azureUnderTest(container: TestContainer): Promise<DriverUnderTest> {
  const options = container.options()
  const driver = await createAzureDriver(options)
  const root = `${options.rootDirectory ?? ''}/`
  const objects = async (): Promise<readonly string[]> =>
    (await container.names(root)).map((name) => name.slice(root.length))
  return {
    driver,
    objects,
    // Milliseconds a call, with both processors of the machine.
    effort: process.env['BERTH_FULL'] === undefined ? 0.03 : 1,
    async folders() {
      const found = new Set<string>()
      for (const path of await objects())
        for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
          found.add(path.slice(0, end))
      return [...found].toSorted()
    },
    async dispose() {
      await driver.close()
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

export function azureError(status: number, code: string, headers: Record<string, string> = {}): Fate {
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-ms-error-code': code, ...headers },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the proxy</Message></Error>`,
  }
}
