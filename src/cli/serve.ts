import { createApp } from '../app.ts'
import { loadConfig } from '../config/load.ts'
import { preflight } from '../server/preflight.ts'
import { nextSignal } from '../server/signals.ts'
import { createAccessLog } from '../util/access-log.ts'
import { createLogger } from '../util/logger.ts'
import { welcome } from './welcome.ts'

/** Milliseconds; Docker kills a container ten seconds after it asked it to stop. */
const defaultDrain = 8_000

/**
 * Serves a registry until a signal ends it.
 *
 * @param file of the configuration, if named
 * @param options.defaults look for no file where the images have theirs
 * @throws ConfigError, or Error with one line for the user, when it cannot start
 */
export async function serve(
  file: string | undefined,
  options: { readonly defaults?: boolean } = {},
): Promise<void> {
  // Before anything that may take long: process 1 of a container has no default for signals.
  const signal = nextSignal()
  const {
    config,
    warnings,
    file: read,
  } = loadConfig({ file, env: process.env, ...(options.defaults === true && { places: [] }) })
  const log = createLogger(config.log)
  for (const warning of warnings) log.warn({ warning }, 'configuration')
  // Whoever reads the access log may go away; the registry goes on.
  process.stdout.on('error', () => {})
  const accessLog = config.log.accesslog.disabled ? undefined : createAccessLog(process.stdout)
  const app = createApp({ config, log, ...(accessLog && { accessLog }) })

  const started = (async (): Promise<void> => {
    await preflight(app.driver, config)
    const address = await app.listener.start()
    app.upkeep.start(app.tasks)
    log.info({ address, config: read ?? 'built-in defaults', storage: app.driver.name }, 'listening')
    if (read === undefined) process.stderr.write(welcome(address, config))
  })()
  await Promise.race([started, signal])

  log.info({ signal: await signal }, 'stopping')
  const second = nextSignal().then((name) => {
    log.warn({ signal: name }, 'stopped at once')
    accessLog?.flush()
    process.exit(1)
  })
  await Promise.race([stop(), second])

  async function stop(): Promise<void> {
    const drainTime = config.http.draintimeout ?? defaultDrain
    app.upkeep.stop()
    const isWhole = await app.listener.stop(drainTime)
    if (!isWhole) log.warn({ milliseconds: drainTime }, 'requests in flight were cut off')
    await app.driver.close()
    accessLog?.flush()
  }
}
