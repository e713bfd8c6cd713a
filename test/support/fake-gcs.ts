import { randomUUID } from 'node:crypto'
import type { DriverUnderTest } from '../../src/storage/contract/support.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'
import type { GcsOptions } from '../../src/storage/gcs/options.ts'
import type { Cleaner } from './at-exit.ts'
import { startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import { http } from './http.ts'
import { findProgram, programPath } from './require-program.ts'

/** Why tests with the emulator are skipped; with CI set that is a failure. */
export function withoutFakeGcs(): string | undefined {
  if (findProgram('fake-gcs-server') !== undefined) return undefined
  const reason = 'fake-gcs-server is not installed: run test/services/install.sh'
  if (process.env['CI']) throw new Error(reason)
  return reason
}

export interface FakeGcs {
  readonly url: string
  readonly port: number
  /** What speaks TLS, when a certificate was given. */
  readonly tlsPort: number | undefined
  readonly stop: () => Promise<void>
}

/**
 * Starts the emulator, which keeps objects in memory. It ends with the test, if one is given, or with this process.
 *
 * @param tls files in PEM; it speaks TLS as well then
 */
export async function startFakeGcs(
  test?: Cleaner,
  tls?: { readonly chain: string; readonly key: string },
): Promise<FakeGcs> {
  const port = await freePort()
  const tlsPort = tls === undefined ? undefined : await freePort()
  const plain = `-scheme http -port ${port}`
  const both = `-scheme both -port ${tlsPort} -port-http ${port}`
  const certificate = tls === undefined ? [] : ['-cert-location', tls.chain, '-private-key-location', tls.key]
  // The public host is the name under which it answers URLs without the API's prefix, such as signed ones.
  const common = `-host 127.0.0.1 -backend memory -log-level error -public-host 127.0.0.1:${port}`
  const url = `http://127.0.0.1:${port}`
  const daemon = await startProcess(
    programPath('fake-gcs-server'),
    [...`${tls === undefined ? plain : both} ${common}`.split(' '), ...certificate],
    { isReady: async () => (await http('GET', `${url}/_internal/healthcheck`)).status === 200 },
  )
  const stop = async (): Promise<void> => {
    await daemon.kill()
  }
  test?.after(stop)
  return { url, port, tlsPort, stop }
}

/** A bucket of the emulator, and what looks into it past the driver. */
export interface GcsBucket {
  readonly name: string
  /** What the driver needs to store in it, below a root of its own. */
  readonly options: (change?: Partial<GcsOptions>) => GcsOptions
  /** All keys below a prefix, sorted. */
  readonly keys: (prefix?: string) => Promise<string[]>
  readonly remove: (keys: readonly string[]) => Promise<void>
}

export async function makeGcsBucket(server: FakeGcs, name: string = 'registry'): Promise<GcsBucket> {
  const api = `${server.url}/storage/v1/b`
  await http('POST', `${api}?project=test`, { body: JSON.stringify({ name }) })
  return {
    name,
    options: (change) => ({
      bucket: name,
      emulatorHost: server.url,
      rootDirectory: randomUUID(),
      ...change,
    }),
    async keys(prefix = '') {
      const answer = await http('GET', `${api}/${name}/o?prefix=${encodeURIComponent(prefix)}`)
      const { items = [] } = answer.json() as { items?: readonly { name: string }[] }
      return items.map((item) => item.name).toSorted()
    },
    async remove(keys) {
      for (const key of keys) await http('DELETE', `${api}/${name}/o/${encodeURIComponent(key)}`)
    },
  }
}

/** A driver on an empty root of its own, for the contract suite. */
export async function gcsUnderTest(bucket: GcsBucket): Promise<DriverUnderTest> {
  const options = bucket.options()
  const driver = await createGcsDriver(options)
  const root = `${options.rootDirectory ?? ''}/`
  const objects = async (): Promise<readonly string[]> =>
    (await bucket.keys(root)).map((key) => key.slice(root.length))
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
      await bucket.remove(await bucket.keys(root))
    },
  }
}
