import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { http, type HttpOptions } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export type Tree = Readonly<Record<string, unknown>>

/** A registry whose file can be written anew. */
export interface Reloadable {
  readonly url: string
  readonly debug: string
  readonly daemon: BackgroundProcess
  write(change: Tree): void
  /** SIGHUP, until the log says what came of it. */
  hangUp(): Promise<string>
}

export interface ReloadableOptions {
  /** Of its first configuration. */
  readonly http?: Tree
  /** It is asked over TLS, by such a client. */
  readonly tls?: HttpOptions['tls']
}

export async function startReloadable(t: TestContext, options: ReloadableOptions = {}): Promise<Reloadable> {
  const folder = temporaryFolder(t).path
  const file = join(folder, 'config.yml')
  const [port, debugPort] = [await freePort(), await freePort()]
  const write = (change: Tree): void => {
    const { http: httpChange, storage, ...rest } = change
    const config = {
      version: '0.1',
      storage: hasDriver(storage)
        ? storage
        : { filesystem: { rootdirectory: join(folder, 'root') }, ...(storage as Tree | undefined) },
      http: {
        addr: `127.0.0.1:${port}`,
        debug: { addr: `127.0.0.1:${debugPort}` },
        ...(httpChange as Tree | undefined),
      },
      ...rest,
    }
    writeFileSync(file, JSON.stringify(config))
  }
  write({ ...(options.http && { http: options.http }) })
  const url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const daemon = await startProcess(process.execPath, [main, 'serve', file], {
    isReady: async () =>
      (await http('GET', `${url}/v2/`, options.tls === undefined ? {} : { tls: options.tls })).status === 200,
  })
  t.after(() => daemon.stop())
  const hangUp = async (): Promise<string> => {
    const before = daemon.output().length
    process.kill(daemon.pid, 'SIGHUP')
    for (let tries = 0; tries < 500; tries++) {
      const line = /.*configuration (?:not )?reloaded.*/.exec(daemon.output().slice(before))
      if (line !== null) return line[0]
      await delay(10)
    }
    throw new Error(`nothing came of SIGHUP: ${daemon.output()}`)
  }
  return { url, debug: `http://127.0.0.1:${debugPort}`, daemon, write, hangUp }
}

function hasDriver(storage: unknown): boolean {
  return typeof storage === 'object' && storage !== null && 'inmemory' in storage
}
