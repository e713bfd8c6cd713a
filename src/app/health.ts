import { readFileSync } from 'node:fs'
import type { HealthConfig } from '../config/config.ts'
import type { Check } from '../health/check.ts'
import { fileCheck } from '../health/file-check.ts'
import { httpCheck } from '../health/http-check.ts'
import { storageCheck } from '../health/storage-check.ts'
import { systemRoots } from '../health/system-roots.ts'
import { tcpCheck } from '../health/tcp-check.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { repositoriesFolder } from '../stored/paths.ts'

/** The checks that the configuration asks for. */
export function healthChecks(health: HealthConfig, driver: StorageDriver): readonly Check[] {
  const { storagedriver, file, http, tcp } = health
  // Read once, when the first check of an https URL runs.
  const roots = systemRoots({ env: process.env, read: (path) => readFileSync(path, 'utf8') })
  return [
    ...(storagedriver.enabled
      ? [storageCheck({ driver, path: repositoriesFolder(), ...storagedriver })]
      : []),
    ...file.map((check) => fileCheck(check)),
    ...http.map((check) => httpCheck(check, roots)),
    ...tcp.map((check) => tcpCheck(check)),
  ]
}
