import type { Config } from '../config/config.ts'

/** What is settled when the process starts: listeners, the store, and what is opened once. */
const settled: readonly string[] = [
  'storage.driver',
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

function at(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), config)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
