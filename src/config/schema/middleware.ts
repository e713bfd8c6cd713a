import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import type { MiddlewareConfig, StorageMiddlewareConfig } from '../middleware.ts'
import { flag, forTimer, isHttpUrl, section, withoutUndefined, type Section } from './values.ts'

const minute = 60_000
const hour = 60 * minute

/** Milliseconds. A list of networks changes a few times a week. */
const shortestUpdate = 1000

/** Text; a number stands for its digits. Empty is the same as none. */
const printed = z
  .union([z.string(), z.number()], { error: 'text' })
  .transform((value) => (value === '' ? undefined : String(value)))
  .optional()

/** A number without a unit means the default, as Distribution's documentation has it. */
const span = z.union([z.string(), z.number()], { error: 'a duration with a unit, such as 20m' }).optional()

const options = z
  .object({
    baseurl: printed,
    privatekey: printed,
    keypairid: printed,
    keyname: printed,
    duration: span,
    ipfilteredby: printed,
    awsregion: printed,
    updatefrequency: span,
    updatefrenquency: span,
    iprangesurl: printed,
    scheme: printed,
    host: printed,
    trimpathprefix: printed,
  })
  .prefault({})

type Options = z.infer<typeof options>

/** What one is made of its options; whatever is wrong with one of them is told to `refuse`. */
type Make = (options: Options, refuse: Refuse) => WithoutIndex<StorageMiddlewareConfig>
type Refuse = (option: keyof Options, allowed: string) => void
type WithoutIndex<Config> = Config extends unknown ? Omit<Config, 'index'> : never

const makers: Readonly<Record<StorageMiddlewareConfig['name'], Make>> = {
  cloudfront: (given, refuse) => ({
    name: 'cloudfront',
    ...signing(given, refuse, 'https://ip-ranges.amazonaws.com/ip-ranges.json'),
    keypairid: required(given, 'keypairid', 'the id of the public key at CloudFront', refuse),
    ipfilteredby: oneOf(given, ['none', 'aws', 'awsregion'], refuse),
    awsregion: regionsOf(given, refuse),
  }),
  googlecdn: (given, refuse) => ({
    name: 'googlecdn',
    ...signing(given, refuse, 'https://www.gstatic.com/ipranges/goog.json'),
    keyname: required(given, 'keyname', 'the name of the key at Google', refuse),
    ipfilteredby: oneOf(given, ['none', 'gcp'], refuse),
  }),
  redirect: ({ baseurl = '' }, refuse) => {
    if (!isHttpUrl(baseurl)) refuse('baseurl', 'an http or https URL, such as https://cdn.example')
    return { name: 'redirect', baseurl }
  },
  rewrite: ({ scheme, host, trimpathprefix }, refuse) => {
    if (scheme !== undefined && !['http', 'https'].includes(scheme)) refuse('scheme', 'http, https')
    if (host !== undefined && !isHost(host)) refuse('host', 'a host, or host:port')
    return withoutUndefined({ name: 'rewrite' as const, scheme, host, trimpathprefix })
  },
}

const names: readonly string[] = Object.keys(makers)

const item = z
  .object({ name: printed, options, disabled: flag.default(false) })
  .transform(({ name = '', options: given, disabled }, context) => {
    if (disabled) return undefined
    if (!isName(name)) {
      context.addIssue({ code: 'custom', path: ['name'], message: names.join(', ') })
      return undefined
    }
    return makers[name](given, (option, message) => {
      context.addIssue({ code: 'custom', path: ['options', option], message })
    })
  })

/** `registry` and `repository` are refused where they are not empty: Distribution ships none either. */
export const middleware: Section<MiddlewareConfig> = section(
  z.object({ storage: z.array(item, { error: 'a list' }).default([]) }).transform(({ storage }) => ({
    storage: storage.flatMap((made, index) => (made === undefined ? [] : [{ ...made, index }])),
  })),
)

function signing(given: Options, refuse: Refuse, ranges: string) {
  const { baseurl = '', iprangesurl = ranges } = given
  const base = baseurl.includes('://') ? baseurl : `https://${baseurl}`
  if (!isHttpUrl(base)) refuse('baseurl', 'the URL of the CDN, such as https://cdn.example')
  if (!isHttpUrl(iprangesurl)) refuse('iprangesurl', 'an http or https URL')
  const privatekey = required(given, 'privatekey', 'the path of a file', refuse)
  // It is not shown in the message: see secrets.ts.
  if (privatekey.includes('-----BEGIN')) refuse('privatekey', 'the path of a file, not what is in it')
  // The misspelt one wins, as in Distribution.
  const update = given.updatefrenquency === undefined ? 'updatefrequency' : 'updatefrenquency'
  return {
    baseurl,
    privatekey,
    iprangesurl,
    duration: spanOf(given, 'duration', 20 * minute, refuse),
    updatefrequency: Math.max(forTimer(spanOf(given, update, 12 * hour, refuse)), shortestUpdate),
  }
}

function required(
  given: Options,
  option: 'privatekey' | 'keypairid' | 'keyname',
  allowed: string,
  refuse: Refuse,
): string {
  const value = given[option]
  if (value === undefined) refuse(option, allowed)
  return value ?? ''
}

/** In milliseconds. */
function spanOf(
  given: Options,
  option: 'duration' | 'updatefrequency' | 'updatefrenquency',
  preset: number,
  refuse: Refuse,
): number {
  const value = given[option]
  if (value === undefined || typeof value === 'number') return preset
  const parsed = parseDuration(value)
  // A URL's end is told in whole seconds.
  if (parsed === undefined || parsed < 1000) refuse(option, 'a duration of a second or more, such as 20m')
  return parsed ?? preset
}

function oneOf<const Word extends string>(
  given: Options,
  words: readonly Word[],
  refuse: Refuse,
): Word | 'none' {
  const value = given.ipfilteredby?.trim().toLowerCase() ?? ''
  if (value === '') return 'none'
  const found = words.find((word) => word === value)
  if (found === undefined) refuse('ipfilteredby', words.join(', '))
  return found ?? 'none'
}

function regionsOf({ ipfilteredby = '', awsregion = '' }: Options, refuse: Refuse): readonly string[] {
  const regions = awsregion
    .split(',')
    .map((region) => region.trim().toLowerCase())
    .filter((region) => region !== '')
  if (ipfilteredby.trim().toLowerCase() === 'awsregion' && regions.length === 0)
    refuse('awsregion', 'regions, such as us-east-1, us-west-2')
  return regions
}

function isName(name: string): name is StorageMiddlewareConfig['name'] {
  return names.includes(name)
}

function isHost(text: string): boolean {
  const url = `http://${text}/`
  // Nothing of it may be read as another part of a URL.
  return !/[/?#@\\\s]/.test(text) && URL.canParse(url)
}
