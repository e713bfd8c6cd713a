import { setTimeout as delay } from 'node:timers/promises'
import { http, type HttpResponse } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { startRegistry, type RegistryKind, type RunningRegistry } from '../support/registry-process.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { parseSamples, type Sample } from './samples.ts'

/** A registry process with a debug listener and metrics. */
export interface WatchedRegistry extends RunningRegistry {
  /** Of the debug listener. */
  readonly debug: string
  samples(): Promise<readonly Sample[]>
  /** Waits until the log, which comes on a way of its own, has such a line. */
  logged(line: RegExp): Promise<void>
}

type Tree = Readonly<Record<string, unknown>>

export async function startWatched(
  test: Cleaner,
  config: Tree = {},
  kind: RegistryKind = 'berth',
): Promise<WatchedRegistry> {
  const port = await freePort()
  const { http: httpConfig, ...rest } = config
  const registry = await startRegistry(
    {
      kind,
      config: {
        storage: { delete: { enabled: true } },
        ...rest,
        http: {
          debug: { addr: `127.0.0.1:${port}`, prometheus: { enabled: true, path: '/metrics' } },
          ...(httpConfig as Tree | undefined),
        },
      },
    },
    test,
  )
  const debug = `http://127.0.0.1:${port}`
  return {
    ...registry,
    debug,
    samples: async () => parseSamples((await http('GET', `${debug}/metrics`)).body.toString()),
    async logged(line) {
      const deadline = Date.now() + 30_000
      while (!line.test(registry.output())) {
        if (Date.now() > deadline) throw new Error(`no ${line} in\n${registry.output()}`)
        await delay(20)
      }
    },
  }
}

/** Asks again until the answer is as wanted, for what a registry notices by itself after a while. */
export async function until(
  wanted: (response: HttpResponse) => boolean,
  ask: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const response = await ask()
    if (wanted(response)) return response
    if (Date.now() > deadline)
      throw new Error(`still ${response.status} ${response.body.toString().slice(0, 500)}`)
    await delay(50)
  }
}
