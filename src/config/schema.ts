import { z } from 'zod'
import type { Config } from './config.ts'
import type { Path } from './path.ts'
import { access } from './schema/access.ts'
import { audit } from './schema/audit.ts'
import { auth } from './schema/auth.ts'
import { health } from './schema/health.ts'
import { http } from './schema/http.ts'
import { log } from './schema/log.ts'
import { middleware } from './schema/middleware.ts'
import { redis } from './schema/redis.ts'
import { storage } from './schema/storage.ts'
import { workers } from './schema/workers.ts'
import { flag, notNegative, whole, word } from './schema/values.ts'

/** A value that is not allowed: where, and what would be. */
export interface Violation {
  readonly path: Path
  readonly allowed: string
}

export type Checked = { readonly config: Config } | { readonly violations: readonly Violation[] }

/**
 * Gives the plain values of a configuration their types and defaults. Keys of parts that this version does not have
 * are passed over: `availability.ts` judges them.
 */
export function checkConfig(plain: unknown): Checked {
  const result = configSchema.safeParse(plain)
  if (result.success) return { config: deepFreeze(result.data) }
  const violations = result.error.issues.map((issue) => ({
    path: issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
    allowed: issue.message,
  }))
  return { violations }
}

const validation = z
  .object({ disabled: flag.default(false), enabled: flag.default(false) })
  .prefault({})
  // The deprecated `enabled: true` wins over `disabled: true` in Distribution.
  .transform(({ disabled, enabled }) => ({ disabled: disabled && !enabled }))

const configSchema = z
  .object({
    version: z.literal('0.1', { error: '"0.1"' }),
    log,
    loglevel: word('error', 'warn', 'info', 'debug'),
    storage,
    middleware,
    http,
    health,
    // 0 or less means the default here, ...
    catalog: z
      .object({ maxentries: whole.default(1000).transform((value) => (value <= 0 ? 1000 : value)) })
      .prefault({}),
    // ... but a negative one is an error here.
    tags: z
      .object({ maxtags: notNegative.default(1000).transform((value) => (value === 0 ? 1000 : value)) })
      .prefault({}),
    validation,
    auth,
    access,
    audit,
    workers,
    redis,
  })
  .superRefine(({ auth: controller, access: { rules } }, context) => {
    if (rules.length === 0 || controller.name === 'htpasswd' || controller.name === 'token') return
    const message = 'rules beside auth.htpasswd or auth.token, which say who somebody is'
    context.addIssue({ code: 'custom', path: ['access', 'rules'], message })
  })
  .transform(({ loglevel, ...given }): Config => ({
    ...given,
    log: {
      ...given.log,
      level: given.log.level ?? loglevel ?? 'info',
      formatter: given.log.formatter ?? 'text',
    },
  }))

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
