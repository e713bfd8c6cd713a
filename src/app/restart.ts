import type { Config } from '../config/config.ts'

/** What is settled when the process starts: listeners, the store, and what is opened once. */
const settled: readonly string[] = [
  'storage.driver',
  'middleware',
  'storage.cache.blobdescriptor',
  'redis',
  'http.addr',
  'http.net',
  'http.tls.clientauth',
  'http.tls.minimumtls',
  'http.tls.ciphersuites',
  'http.tls.letsencrypt',
  'http.http2',
  'http.h2c',
  'http.debug',
  'http.timeouts.header',
  'http.timeouts.idle',
  'http.limits',
  'log.formatter',
  'log.fields',
  'log.reportcaller',
  'workers',
]

/** Whether it is there is settled; what it says is not. */
const settledPresence: readonly (readonly [path: string, isThere: (config: Config) => boolean])[] = [
  ['http.tls.certificate', ({ http }) => http.tls.certificate !== undefined],
  ['http.tls.clientcas', ({ http }) => http.tls.clientcas.length > 0],
]

/** The keys in which two configurations differ, and that only a restart changes. */
export function needsRestart(before: Config, after: Config): readonly string[] {
  return [
    ...settled
      .filter((path) => JSON.stringify(at(before, path)) !== JSON.stringify(at(after, path)))
      // As the file has it.
      .map((path) => (path === 'storage.driver' ? `storage.${after.storage.driver.name}` : path)),
    ...settledPresence.filter(([, isThere]) => isThere(before) !== isThere(after)).map(([path]) => path),
  ]
}

/**
 * A configuration to start with beside processes that started with an earlier one, and took this one since: what only a restart of all
 * changes is as they have it.
 */
export function withSettled(started: Config, wanted: Config): Config {
  const kept = structuredClone(wanted)
  for (const path of settled) put(kept, path, at(started, path))
  for (const [path, isThere] of settledPresence) {
    if (isThere(started) === isThere(wanted)) continue
    put(kept, path, at(started, path))
    if (path === 'http.tls.certificate') put(kept, 'http.tls.key', started.http.tls.key)
  }
  return kept
}

function put(config: Config, path: string, value: unknown): void {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  const section = parts.length === 0 ? config : at(config, parts.join('.'))
  // An optional key is absent rather than undefined.
  if (!isObject(section)) return
  if (value === undefined) Reflect.deleteProperty(section, last)
  else Reflect.set(section, last, value)
}

function at(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), config)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
