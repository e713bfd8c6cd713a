import { acmeSharingWarning } from '../app/acme-sharing.ts'
import type { App } from '../app/app.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { placed } from '../config/placed.ts'
import { hangups, nextSignal } from '../server/signals.ts'
import { inheritedSocket } from '../systemd/inherited-socket.ts'
import { notifier } from '../systemd/notifier.ts'
import { createAccessLog } from '../util/access-log.ts'
import { standingFields } from '../util/log-standing.ts'
import { createLogger } from '../util/logger.ts'
import { workerCount } from '../workers/count.ts'
import { fork, isWorker, prepareForks } from '../workers/fork.ts'
import type { Primary } from '../workers/primary.ts'
import { version } from './version.ts'
import { welcome } from './welcome.ts'

export interface ServeOptions {
  /** Look for no file where the images have theirs. */
  readonly defaults?: boolean
}

/**
 * Serves a registry until a signal ends it.
 *
 * @param file of the configuration, if named
 * @throws ConfigError, or Error with one line for the user, when it cannot start
 */
export async function serve(file: string | undefined, options: ServeOptions = {}): Promise<void> {
  if (isWorker(process.env)) return await (await import('../workers/worker.ts')).runWorker(version)
  // Before anything that may take long: process 1 of a container has no default for signals.
  const signal = nextSignal()
  const hangup = hangups()
  const load = (again: boolean): LoadedConfig =>
    loadConfig({ file, env: process.env, again, ...(options.defaults === true && { places: [] }) })
  const loaded = load(false)
  const { config } = loaded
  const log = createLogger({ ...config.log, fields: { ...standingFields(version), ...config.log.fields } })
  for (const warning of loaded.warnings) log.warn({ warning }, 'configuration')
  const { count, warning } = workerCount(config)
  for (const line of [warning, await acmeSharingWarning(config)])
    if (line !== undefined) log.warn({ warning: line }, 'configuration')
  const systemd = notifier(process.env, { log })
  // Whoever reads the access log may go away; the registry goes on.
  process.stdout.on('error', () => {})
  const accessLog = createAccessLog(process.stdout, {
    onDropped: (lines) => log.warn({ lines }, 'access log: lines dropped, for nobody reads them'),
  })
  const fd = inheritedSocket(process.env, process.pid)?.fd
  const app = count > 1 ? await severalProcesses() : await oneProcess()
  const reload = async (): Promise<void> => {
    await systemd?.reloading()
    await app.reload('SIGHUP')
    await systemd?.ready()
  }
  const ended = Promise.race([signal, ...('failed' in app ? [app.failed] : [])])
  await Promise.race([start(), ended])

  const name = await ended
  hangup.ignore()
  log.info({ signal: name }, 'stopping')
  const second = nextSignal().then((another) => {
    log.warn({ signal: another }, 'stopped at once')
    accessLog.flush()
    process.exit(1)
  })
  await Promise.race([stop(), second])

  /** The processes of the workers have all of what serves; this one has only what it needs to watch over them. */
  async function severalProcesses(): Promise<Primary> {
    process.title = 'berth: primary'
    const { Primary } = await import('../workers/primary.ts')
    prepareForks()
    const { sources } = loaded
    return await Primary.create({ config, sources, log, version, count, fork, fd, load: () => load(true) })
  }

  async function oneProcess(): Promise<App> {
    const { createApp } = await import('../app/app.ts')
    const { startTracing } = await import('../tracing/start.ts')
    try {
      return await createApp({
        config,
        sources: loaded.sources,
        log,
        accessLog,
        version,
        load: () => load(true),
        fd,
        tracing: await startTracing(process.env, { version, log }),
      })
    } catch (error) {
      throw error instanceof Error
        ? new Error(placed(error.message, loaded.sources), { cause: error })
        : error
    }
  }

  async function start(): Promise<void> {
    const address = await app.start()
    log.info(
      {
        address,
        config: loaded.file ?? 'built-in defaults',
        storage: config.storage.driver.name,
        ...(count > 1 && { workers: count }),
      },
      'listening',
    )
    // Whoever waits for this line need not wait longer.
    log.flush()
    if (loaded.file === undefined) process.stderr.write(welcome(address, config))
    await systemd?.ready()
    hangup.follow(reload)
    // What a failing store needs is no restart, so that health does not count here.
    systemd?.startWatchdog(() => true)
  }

  async function stop(): Promise<void> {
    await systemd?.stopping()
    await app.stop()
    accessLog.flush()
    log.flush()
  }
}
