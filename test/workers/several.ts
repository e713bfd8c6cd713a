import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { freePort } from '../support/free-port.ts'
import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export type Tree = Readonly<Record<string, unknown>>

/** A registry that several processes serve. */
export interface Several {
  readonly url: string
  readonly port: number
  /** Of the debug listener. */
  readonly debug: string
  readonly folder: string
  readonly daemon: BackgroundProcess
  /** Writes its file anew. */
  write(change: Tree): void
  /** SIGHUP, until the log says what came of it. */
  hangUp(): Promise<string>
  /** The processes of the workers that run now. */
  workers(): readonly number[]
  /** Waits until all workers serve. */
  whole(count: number): Promise<void>
}

export interface SeveralOptions {
  readonly workers?: number
  readonly config?: Tree
  readonly env?: NodeJS.ProcessEnv
  readonly isReady?: (url: string) => Promise<boolean>
  /** The program and what comes before its arguments. Default: Node. */
  readonly command?: readonly [string, ...string[]]
}

export const mainFile: string = join(repositoryRoot, 'build', 'src', 'main.cjs')

export async function startSeveral(t: Cleaner, options: SeveralOptions = {}): Promise<Several> {
  const folder = temporaryFolder(t).path
  const file = join(folder, 'config.yml')
  mkdirSync(join(folder, 'root'))
  const [port, debugPort] = [await freePort(), await freePort()]
  const write = (change: Tree): void => {
    const { http: httpChange, storage, ...rest } = change
    writeFileSync(
      file,
      JSON.stringify({
        version: '0.1',
        workers: options.workers ?? 2,
        storage: {
          filesystem: { rootdirectory: join(folder, 'root') },
          delete: { enabled: true },
          ...(storage as Tree | undefined),
        },
        http: {
          addr: `127.0.0.1:${port}`,
          debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true } },
          ...(httpChange as Tree | undefined),
        },
        ...rest,
      }),
    )
  }
  write(options.config ?? {})
  const url = `http://127.0.0.1:${port}`
  const [program, ...before] = options.command ?? [process.execPath]
  const isReady =
    options.isReady ?? (async (at): Promise<boolean> => (await http('GET', `${at}/v2/`)).status === 200)
  const daemon = await startProcess(program, [...before, mainFile, 'serve', file], {
    isReady: () => isReady(url),
    ...(options.env && { env: options.env }),
  })
  t.after(async () => {
    if (daemon.running) await daemon.stop('SIGKILL')
  })
  const debug = `http://127.0.0.1:${debugPort}`
  return {
    url,
    port,
    debug,
    folder,
    daemon,
    write,
    workers: () => childrenOf(daemon.pid),
    whole: async (count) => {
      await until(async () => (await metric(debug, 'berth_workers{state="serving"}')) === count).catch(
        (error: unknown) => {
          const state = daemon.running ? 'running' : 'ended'
          throw new Error(`not ${count} workers; ${state}\n${daemon.output().slice(-5_000)}`, {
            cause: error,
          })
        },
      )
    },
    hangUp: async () => {
      const from = daemon.output().length
      process.kill(daemon.pid, 'SIGHUP')
      const found = (): string | undefined =>
        /.*configuration (?:not )?reloaded.*/.exec(daemon.output().slice(from))?.[0]
      await until(() => found() !== undefined)
      return found() ?? ''
    },
  }
}

/** Waits until something is so; throws after twenty seconds. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await Promise.resolve(isSo()).catch(() => false))) {
    if (Date.now() > deadline) throw new Error('it is still not so')
    await delay(10)
  }
}

/** The value of one series on the metrics page. */
export async function metric(debug: string, series: string): Promise<number> {
  const text = (await http('GET', `${debug}/metrics`)).body.toString()
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1))
}

export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** What a process is called. */
export function titleOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
}

/** Bytes that a process has of its own. */
export function memoryOf(pid: number): number {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kilobytes) * 1024
}

export type Ask = (method: string, path: string, options?: HttpOptions) => Promise<HttpResponse>

/** A client of each worker: whoever comes while another connection is open gets another worker. */
export async function clientOfEach(t: Cleaner, registry: Several, count = 2): Promise<readonly Ask[]> {
  const { url } = registry
  await registry.whole(count)
  // Until what is closed is told.
  await delay(150)
  const clients = Array.from({ length: count }, (): Ask => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    return async (method, path, options = {}) =>
      await http(method, path.startsWith('http') ? path : url + path, { ...options, agent })
  })
  for (const client of clients) await client('GET', '/v2/')
  return clients
}
