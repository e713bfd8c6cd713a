import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import type { Cleaner } from '../support/at-exit.ts'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { freePort } from '../support/free-port.ts'
import { programPath } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { words } from '../support/run.ts'
import { makeCertificate } from '../tls/certificates.ts'

/** Pebble, Let's Encrypt's test authority, with its DNS server by which every name is at 127.0.0.1. */

export interface PebbleOptions {
  /** Where it calls for tls-alpn-01 challenges. Default: a port where nobody listens. */
  readonly tlsPort?: number
  /** Where it calls for http-01 challenges. Default: the same. */
  readonly httpPort?: number
  /** Life of what it issues. Default: five years. */
  readonly validitySeconds?: number
  /** Percent of good nonces that it rejects. Default: 0. */
  readonly rejectedNonces?: number
  /** Percent of proofs that it remembers for later orders. Default: 0. */
  readonly reusedProofs?: number
}

export interface Pebble {
  readonly directoryUrl: string
  /** Of what signed the certificate of its own HTTPS. */
  readonly caFile: string
  /** PEM of the same. */
  readonly ca: string
  /** PEM of the root of what it issues, which is another one after each start. */
  root(): Promise<string>
  /** Orders since it was started last. */
  orders(): number
  output(): string
  stop(): Promise<void>
  /** Starts it again where it was, with nothing in its memory. */
  start(): Promise<void>
}

/** Starts it, and ends it with the test. */
export async function startPebble(options: PebbleOptions, test: Cleaner): Promise<Pebble> {
  const folder = temporaryFolder(test).path
  const issuer = await makeCertificate(folder, { name: 'pebble-root', use: 'authority' })
  const own = await makeCertificate(folder, { name: 'pebble', issuer })
  const [port, management, dns, dnsManagement] = await freePorts(4)
  const config = join(folder, 'pebble.json')
  await writeFile(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: own.certificate,
        privateKey: own.key,
        tlsPort: options.tlsPort ?? 9,
        httpPort: options.httpPort ?? 9,
        certificateValidityPeriod: options.validitySeconds ?? 0,
      },
    }),
  )
  const ca = await readFile(issuer.certificate, 'utf8')
  const directoryUrl = `https://localhost:${port}/dir`

  const dnsServer = await startProcess(
    programPath('pebble-challtestsrv'),
    words(`-defaultIPv4 127.0.0.1 -dns01 127.0.0.1:${dns} -management 127.0.0.1:${dnsManagement}`).concat(
      ...['-defaultIPv6', '-http01', '-https01', '-tlsalpn01'].map((unused) => [unused, '']),
    ),
    { isReady: () => Promise.resolve(true) },
  )
  const launch = (): Promise<BackgroundProcess> =>
    startProcess(programPath('pebble'), words(`-config ${config} -strict -dnsserver 127.0.0.1:${dns}`), {
      env: {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_WFE_NONCEREJECT: String(options.rejectedNonces ?? 0),
        PEBBLE_AUTHZREUSE: String(options.reusedProofs ?? 0),
      },
      isReady: async () => (await httpsText(directoryUrl, ca)).includes('newOrder'),
    })
  let pebble: BackgroundProcess | undefined = await launch()
  const stop = async (): Promise<void> => {
    const running = pebble
    pebble = undefined
    await running?.stop()
  }
  test.after(async () => {
    await stop()
    await dnsServer.stop()
  })
  const output = (): string => pebble?.output() ?? ''
  return {
    directoryUrl,
    caFile: issuer.certificate,
    ca,
    root: () => httpsText(`https://localhost:${management}/roots/0`, ca),
    orders: () => output().match(/Added order/g)?.length ?? 0,
    output,
    stop,
    async start() {
      pebble = await launch()
    },
  }
}

/** Different ones, each free now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

function httpsText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    }).on('error', reject)
  })
}
