import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import { parseListenAddress } from '../listen-address.ts'

// In all schemas a message says what is allowed; the place and the value found are added by the loader.

/** A part of the file that may be left out, and then has its defaults. */
export type Section<Config> = z.ZodPrefault<z.ZodType<Config, object>>

export function section<Config>(schema: z.ZodType<Config, object>): Section<Config> {
  return schema.prefault({})
}

export const flag: z.ZodBoolean = z.boolean({ error: 'true or false' })
export const whole: z.ZodInt = z.int({ error: 'a whole number' })
export const notNegative: z.ZodInt = z.int({ error: 'a whole number, 0 or more' }).min(0, {
  error: 'a whole number, 0 or more',
})
export const text: z.ZodString = z.string({ error: 'text' })

/** Go's zero value: an empty text is the same as none. */
export const optionalText: z.ZodOptional<z.ZodType<string | undefined, string>> = text
  .transform((value) => (value === '' ? undefined : value))
  .optional()

export const texts: z.ZodDefault<z.ZodArray<z.ZodString>> = z.array(text, { error: 'a list' }).default([])

/** One of some words, in any letter case; an empty text is the same as none. */
export function word<const Word extends string>(
  ...words: readonly Word[]
): z.ZodOptional<z.ZodType<Word | undefined, string>> {
  return text
    .transform((value, context): Word | undefined => {
      const found = words.find((name) => name === value.toLowerCase())
      if (found === undefined && value !== '') refuse(context, words.join(', '))
      return found
    })
    .optional()
}

const aDuration = 'a duration such as 10s or 1h30m'

/** In milliseconds. */
export const duration: z.ZodType<number, string | number> = z
  .union([z.string(), z.number()], { error: aDuration })
  .transform((value, context) => {
    const parsed = parseDuration(value)
    if (parsed === undefined || parsed < 0) refuse(context, aDuration)
    return parsed ?? 0
  })

/** Milliseconds. Node takes a longer time-out for one of 1 ms: some 24 days must be enough. */
const longestTimer = 2 ** 31 - 1

/** Rounded up, for Node's servers take whole milliseconds alone. */
export function forTimer(milliseconds: number): number {
  // Less than a nanosecond is what is left of a sum: 0.067 s are not 68 ms.
  const nanoseconds = Math.round(milliseconds * 1e6)
  return Math.min(Math.ceil(nanoseconds / 1e6), longestTimer)
}

/** How long something is waited for. */
export const timeout: z.ZodType<number, string | number> = duration.transform(forTimer)

/**
 * A time-out or an interval of which nothing, or less, means the default.
 *
 * @param least what shorter ones are raised to
 */
export function timeoutOr(milliseconds: number, least = 0): z.ZodDefault<z.ZodType<number, string | number>> {
  return z
    .union([z.string(), z.number()], { error: aDuration })
    .transform((value, context) => {
      const parsed = parseDuration(value)
      if (parsed === undefined) refuse(context, aDuration)
      return parsed !== undefined && parsed > 0 ? Math.max(forTimer(parsed), least) : milliseconds
    })
    .default(milliseconds)
}

/** A limit that Distribution also takes as text, and raises to 25. */
export const threads: z.ZodType<number, string | number> = z
  .union([whole, text.regex(/^\d{1,9}$/).transform(Number)], { error: 'a whole number' })
  .transform((value) => Math.max(value, 25))

const aHeader = 'the name of an HTTP header'

export const headers: z.ZodRecord<z.ZodString, z.ZodArray<z.ZodString>> = z.record(
  text.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: aHeader }),
  z.array(text.regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'text without control characters' }), {
    error: 'a list of values, such as [nosniff]',
  }),
  { error: (issue) => (issue.code === 'invalid_key' ? aHeader : 'a map') },
)

export function listenAddress(example: string): typeof optionalText {
  return optionalText.refine((value) => value === undefined || parseListenAddress(value) !== undefined, {
    error: `host:port, such as ${example}`,
  })
}

/** An address to connect to: its host must be named. */
export function isHttpUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url !== undefined && ['http:', 'https:'].includes(url.protocol)
}

export function refuse(context: z.RefinementCtx, allowed: string): void {
  context.addIssue({ code: 'custom', message: allowed })
}

type WithoutUndefined<Value> = {
  [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key]
} & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>
}

/** Optional keys are absent rather than undefined, so that `in` and spreading do what one expects. */
export function withoutUndefined<Value extends object>(value: Value): WithoutUndefined<Value> {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries) as WithoutUndefined<Value>
}
