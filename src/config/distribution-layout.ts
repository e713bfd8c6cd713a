import type { Struct } from './layout.ts'
import { access } from './layout/access.ts'
import { audit } from './layout/audit.ts'
import { auth } from './layout/auth.ts'
import { struct, word } from './layout/build.ts'
import { health } from './layout/health.ts'
import { http } from './layout/http.ts'
import { catalog, tags } from './layout/listings.ts'
import { log, loglevel } from './layout/log.ts'
import { middleware } from './layout/middleware.ts'
import { notifications } from './layout/notifications.ts'
import { proxy } from './layout/proxy.ts'
import { redis } from './layout/redis.ts'
import { storage } from './layout/storage.ts'
import { policy, validation } from './layout/validation.ts'
import { compatibility, reporting } from './layout/version-2.ts'
import { workers } from './layout/workers.ts'

export { storageDrivers } from './layout/storage-drivers.ts'
export { storageSections } from './layout/storage.ts'

/** All that Distribution 2.8 and 3.1 read, whether this version does anything with it or not, and what is ours. */
export const distributionLayout: Struct = struct('The configuration of a registry.', {
  version: word(['0.1'], 'The version of the form of the file. Required.', { variable: false }),
  log,
  loglevel,
  storage,
  auth,
  access,
  audit,
  workers,
  middleware,
  http,
  notifications,
  redis,
  health,
  catalog,
  tags,
  proxy,
  validation,
  policy,
  reporting,
  compatibility,
})
