import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleaner } from './at-exit.ts'
import { startProcess, type BackgroundProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import { programPath } from './require-program.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A real Redis on loopback, which keeps nothing on disk. */
export interface RedisServer {
  /** 0: it listens on TLS or a socket alone. */
  readonly port: number
  readonly address: string
  readonly folder: string
  /** Runs a command as its administrator: `cli('SET', 'a', 'b')`. Throws on an error reply. */
  cli(...command: readonly string[]): Promise<string>
  /** kill -9. */
  kill(): Promise<void>
  /** Empty, at the same place. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, and nobody answers. */
  freeze(): void
  thaw(): void
}

export interface RedisServerOptions {
  /** Lines of redis.conf. */
  readonly config?: readonly string[]
  /** Of redis-cli, to get in: `--user`, `--pass`, `--tls` and the like. */
  readonly login?: readonly string[]
  readonly port?: number
  /** `--sentinel`. */
  readonly isSentinel?: boolean
}

export async function startRedis(test: Cleaner, options: RedisServerOptions = {}): Promise<RedisServer> {
  const { path: folder } = temporaryFolder(test)
  const port = options.port ?? (await freePort())
  const file = join(folder, 'redis.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `unixsocket ${join(folder, 'socket')}`,
    'daemonize no',
    ...(options.isSentinel === true ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0']),
    ...(options.config ?? []),
  ]
  const args = ['-s', join(folder, 'socket'), ...(options.login ?? [])]
  const cli = async (...command: readonly string[]): Promise<string> => {
    const { stdout } = await run(programPath('redis-cli'), ['-e', '--no-auth-warning', ...args, ...command])
    return stdout.trim()
  }
  let isFrozen = false
  const signal = (name: NodeJS.Signals): void => {
    isFrozen = name === 'SIGSTOP'
    process.kill(server.pid, name)
  }
  const start = async (): Promise<BackgroundProcess> => {
    // A Sentinel writes into its file.
    writeFileSync(file, `${lines.join('\n')}\n`)
    return await startProcess(
      programPath('redis-server'),
      [file, ...(options.isSentinel === true ? ['--sentinel'] : [])],
      { isReady: async () => (await cli('PING')) === 'PONG' },
    )
  }
  let server = await start()
  const kill = async (): Promise<void> => {
    isFrozen = false
    if (server.running) await server.kill()
  }
  test.after(kill)
  return {
    port,
    address: `127.0.0.1:${port}`,
    folder,
    cli,
    kill,
    async restart() {
      await kill()
      server = await start()
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => {
      if (isFrozen) signal('SIGCONT')
    },
  }
}

/** Nodes without replicas, which share the slots evenly. Returns when each of them says that all is well. */
export async function startRedisCluster(test: Cleaner, count: number): Promise<readonly RedisServer[]> {
  const nodes = await Promise.all(
    Array.from({ length: count }, async () =>
      startRedis(test, {
        config: [
          'cluster-enabled yes',
          `cluster-port ${await freePort()}`,
          'cluster-require-full-coverage no',
        ],
      }),
    ),
  )
  await run(programPath('redis-cli'), [
    '--cluster',
    'create',
    ...nodes.map(({ address }) => address),
    '--cluster-yes',
  ])
  for (const node of nodes)
    while (!(await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')) await delay(20)
  return nodes
}
