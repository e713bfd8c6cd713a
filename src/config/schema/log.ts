import { z } from 'zod'
import type { LogConfig, LogFormatter, LogLevel } from '../config.ts'
import { flag, text, texts, withoutUndefined, word, optionalText, section, type Section } from './values.ts'

const smtp = z
  .object({
    addr: optionalText,
    username: optionalText,
    password: optionalText,
    insecure: flag.default(false),
  })
  .prefault({})
  .transform(withoutUndefined)

const hook = z.object({
  disabled: flag.default(false),
  /** Only `mail` has a meaning; Distribution passes over others. */
  type: text.default(''),
  levels: texts,
  options: z.object({ smtp, from: text.default(''), to: texts }).prefault({}),
})

/** Level and formatter have their defaults elsewhere: an older key may bring the level. */
type GivenLog = Omit<LogConfig, 'level' | 'formatter'> & {
  readonly level?: LogLevel | undefined
  readonly formatter?: LogFormatter | undefined
}

export const log: Section<GivenLog> = section(
  z.object({
    level: word('error', 'warn', 'info', 'debug'),
    formatter: word('text', 'json', 'logstash'),
    fields: z.record(z.string(), z.unknown()).default({}),
    accesslog: z.object({ disabled: flag.default(false) }).prefault({}),
    reportcaller: flag.default(false),
    hooks: z.array(hook, { error: 'a list of hooks' }).default([]),
  }),
)
