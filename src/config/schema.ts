import { z } from 'zod'
import type { Config, StorageDriverConfig } from './config.ts'
import { parseDuration } from './duration.ts'
import { parseListenAddress } from './listen-address.ts'
import type { Path } from './path.ts'

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

// In all that follows, a message says what is allowed; the place and the value found are added by the loader.

const flag = z.boolean({ error: 'true or false' })
const whole = z.int({ error: 'a whole number' })
const text = z.string({ error: 'text' })

/** Go's zero value: an empty text is the same as none. */
const optionalText = text.transform((value) => (value === '' ? undefined : value)).optional()

/** One of some words, in any letter case; an empty text is the same as none. */
function word<const Word extends string>(...words: readonly Word[]) {
  return text
    .transform((value, context) => {
      const found = words.find((name) => name === value.toLowerCase())
      if (found === undefined && value !== '') refuse(context, words.join(', '))
      return found
    })
    .optional()
}

const aDuration = 'a duration such as 10s or 1h30m'

const duration = z.union([z.string(), z.number()], { error: aDuration }).transform((value, context) => {
  const parsed = parseDuration(value)
  if (parsed === undefined || parsed < 0) refuse(context, aDuration)
  return parsed ?? 0
})

/** A limit that Distribution also takes as text, and raises to 25. */
const threads = z
  .union([whole, text.regex(/^\d{1,9}$/).transform(Number)], { error: 'a whole number' })
  .transform((value) => Math.max(value, 25))

const log = z
  .object({
    level: word('error', 'warn', 'info', 'debug'),
    formatter: word('text', 'json', 'logstash'),
    fields: z.record(z.string(), z.unknown()).default({}),
    accesslog: z.object({ disabled: flag.default(false) }).prefault({}),
    reportcaller: flag.default(false),
  })
  .prefault({})

const aHeader = 'the name of an HTTP header'

const headers = z.record(
  text.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: aHeader }),
  z.array(text.regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'text without control characters' }), {
    error: 'a list of values, such as [nosniff]',
  }),
  { error: (issue) => (issue.code === 'invalid_key' ? aHeader : 'a map') },
)

const http = z
  .object({
    addr: optionalText,
    net: word('tcp', 'unix'),
    prefix: text
      .regex(/^$|^\/([^\s?#]*\/)?$/, {
        error: 'a path that begins and ends with a slash, such as /registry/',
      })
      .transform((value) => (value === '' ? '/' : value))
      .default('/'),
    host: optionalText.refine((value) => value === undefined || isHttpUrl(value), {
      error: 'an absolute URL such as https://registry.example.com',
    }),
    secret: optionalText,
    relativeurls: flag.default(false),
    headers: headers.default({}),
    draintimeout: duration.optional(),
  })
  .prefault({})
  // Checked even when other keys are wrong (`when`), so that all problems show up at once.
  .refine(({ net, addr }) => net === 'unix' || parseListenAddress(addr ?? ':5000') !== undefined, {
    path: ['addr'],
    error: 'host:port, such as :5000 or 127.0.0.1:5000',
    when: () => true,
  })
  .refine(({ net, addr }) => net !== 'unix' || addr !== undefined, {
    path: ['addr'],
    error: 'the path of a socket, since http.net is unix',
    when: () => true,
  })
  .transform((given) => ({ ...given, net: given.net ?? 'tcp', addr: given.addr ?? ':5000' }))

const cacheNames: readonly unknown[] = ['inmemory', 'redis']

const cache = z
  .object({
    blobdescriptor: z.unknown().optional(),
    layerinfo: z.unknown().optional(),
    blobdescriptorsize: whole.default(10_000),
  })
  .prefault({})
  .transform((given) => ({
    // Any other name means no cache, with a warning, in Distribution too.
    blobdescriptor: [given.blobdescriptor, given.layerinfo].find(isCacheName),
    blobdescriptorsize: Math.max(given.blobdescriptorsize, 0),
  }))

function isCacheName(value: unknown): value is 'inmemory' | 'redis' {
  return cacheNames.includes(value)
}

const hour = 3_600_000

const maintenance = z
  .object({
    uploadpurging: z
      .object({
        enabled: flag.default(true),
        age: duration.default(168 * hour),
        interval: duration.default(24 * hour),
        dryrun: flag.default(false),
      })
      .prefault({}),
    readonly: z.object({ enabled: flag.default(false) }).prefault({}),
  })
  .prefault({})

const storage = z
  .object({
    filesystem: z
      .object({
        rootdirectory: z
          .union([text, z.number().transform(String)], { error: 'the path of a folder' })
          .transform((value) => (value === '' ? '/var/lib/registry' : value))
          .default('/var/lib/registry'),
        maxthreads: threads.default(100),
      })
      .optional(),
    delete: z.object({ enabled: flag.default(false) }).prefault({}),
    redirect: z.object({ disable: flag.default(false) }).prefault({}),
    cache,
    tag: z
      .object({
        concurrencylimit: whole.min(0, { error: 'a whole number, 0 or more' }).default(0),
      })
      .prefault({}),
    maintenance,
  })
  .prefault({})
  .transform(({ filesystem, ...given }) => {
    // That there is exactly one driver, and one that exists, is checked where the places are known.
    const driver: StorageDriverConfig =
      filesystem === undefined
        ? { name: 'inmemory' }
        : { name: 'filesystem', rootdirectory: filesystem.rootdirectory, maxthreads: filesystem.maxthreads }
    return { ...given, driver }
  })

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
    http,
    // 0 or less means the default here, ...
    catalog: z
      .object({ maxentries: whole.default(1000).transform((value) => (value <= 0 ? 1000 : value)) })
      .prefault({}),
    // ... but a negative one is an error here.
    tags: z
      .object({
        maxtags: whole
          .min(0, { error: 'a whole number, 0 or more' })
          .default(1000)
          .transform((value) => (value === 0 ? 1000 : value)),
      })
      .prefault({}),
    validation,
  })
  .transform(({ loglevel, ...given }): Config => ({
    ...given,
    log: {
      ...given.log,
      level: given.log.level ?? loglevel ?? 'info',
      formatter: given.log.formatter ?? 'text',
    },
    storage: { ...given.storage, cache: withoutUndefined(given.storage.cache) },
    http: withoutUndefined(given.http),
  }))

function refuse(context: z.RefinementCtx, allowed: string): void {
  context.addIssue({ code: 'custom', message: allowed })
}

function isHttpUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url !== undefined && ['http:', 'https:'].includes(url.protocol)
}

type WithoutUndefined<Value> = {
  [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key]
} & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>
}

/** Optional keys are absent rather than undefined, so that `in` and spreading do what one expects. */
function withoutUndefined<Value extends object>(value: Value): WithoutUndefined<Value> {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries) as WithoutUndefined<Value>
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
