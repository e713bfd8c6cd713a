import { loadConfig } from '../config/load.ts'
import { createApp } from '../app.ts'
import { createAccessLog } from '../util/access-log.ts'
import { createLogger, type Logger } from '../util/logger.ts'
import { preflight } from '../server/preflight.ts'
import { nextSignal } from '../server/signals.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { welcome } from './welcome.ts'

/** Milliseconds; Docker kills a container ten seconds after it asked it to stop. */
const defaultDrain = 8_000

/** Milliseconds: a day. Whatever is being written is written to all the time. */
const leftoverAge = 24 * 60 * 60 * 1000

/**
 * Serves a registry until a signal ends it.
 *
 * @param file of the configuration, if named
 * @throws ConfigError, or Error with one line for the user, when it cannot start
 */
export async function serve(file: string | undefined): Promise<void> {
  const { config, warnings, file: read } = loadConfig({ file, env: process.env })
  const log = createLogger({
    level: config.log.level,
    formatter: config.log.formatter,
    fields: config.log.fields,
  })
  for (const warning of warnings) log.warn({}, warning)
  // Whoever reads the access log may go away; the registry goes on.
  process.stdout.on('error', () => {})
  const accessLog = config.log.accesslog.disabled ? undefined : createAccessLog(process.stdout)
  const { driver, listener } = createApp({ config, log, ...(accessLog && { accessLog }) })

  await preflight(driver, config)
  const address = await listener.start()
  log.info({ address, config: read ?? 'built-in defaults', storage: driver.name }, 'listening')
  void tidy(driver, log)
  if (read === undefined) process.stderr.write(welcome(address, config))

  await drain(log, async () => {
    const drainTime = config.http.draintimeout ?? defaultDrain
    const isWhole = await listener.stop(drainTime)
    if (!isWhole) log.warn({ milliseconds: drainTime }, 'requests in flight were cut off')
  })
  await driver.close()
  accessLog?.flush()
}

/** Beside serving, for it can take a while where there is much. */
async function tidy(driver: StorageDriver, log: Logger): Promise<void> {
  try {
    const removed = await driver.removeLeftovers(leftoverAge)
    if (removed > 0) log.info({ removed }, 'removed what a process left that died while it wrote')
  } catch (error) {
    log.warn({ err: error }, 'leftovers not removed')
  }
}

/** Waits for a first signal and stops; a second one ends the process at once. */
async function drain(log: Logger, stop: () => Promise<void>): Promise<void> {
  const first = await nextSignal()
  log.info({ signal: first }, 'stopping')
  const second = nextSignal().then((signal) => {
    log.warn({ signal }, 'stopped at once')
    process.exit(1)
  })
  await Promise.race([stop(), second])
}
