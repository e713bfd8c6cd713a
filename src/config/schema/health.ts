import { z } from 'zod'
import type { HealthConfig } from '../config.ts'
import { flag, headers, isHttpUrl, text, timeoutOr, whole, section, type Section } from './values.ts'

const second = 1000

/** More checks than that say nothing new, and are a burden: `interval: 10` is ten nanoseconds. */
const shortestInterval = 100

/** Distribution's defaults: every ten seconds, and the first failure counts. */
const rhythm = { interval: timeoutOr(10 * second, shortestInterval), threshold: whole.default(0) }

const aPath = z.string({ error: 'the path of a file' })
const anAddress = 'host:port, such as db.example.com:5432'

export const health: Section<HealthConfig> = section(
  z.object({
    storagedriver: z.object({ enabled: flag.default(false), ...rhythm }).prefault({}),
    file: z
      .array(z.object({ file: aPath.min(1, { error: 'the path of a file' }), ...rhythm }), {
        error: 'a list of checks',
      })
      .default([]),
    http: z
      .array(
        z.object({
          uri: text.refine(isHttpUrl, { error: 'an http or https URL' }),
          headers: headers.default({}),
          statuscode: whole.default(200).transform((value) => (value === 0 ? 200 : value)),
          timeout: timeoutOr(0),
          ...rhythm,
        }),
        { error: 'a list of checks' },
      )
      .default([]),
    tcp: z
      .array(
        z.object({
          addr: text.regex(/^(?:\[[^[\]\s]+\]|[^:[\]\s]*):\d{1,5}$/, { error: anAddress }),
          timeout: timeoutOr(0),
          ...rhythm,
        }),
        { error: 'a list of checks' },
      )
      .default([]),
  }),
)
