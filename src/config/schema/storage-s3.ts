import { z } from 'zod'
import type { S3Acl, S3LogLevelName, S3StorageClass, S3StorageConfig } from '../storage-s3.ts'
import { isHttpUrl, refuse, withoutUndefined } from './values.ts'

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3
const smallestPart = 5 * mebibyte
const largestPart = 5 * gibibyte

const classes: readonly S3StorageClass[] = [
  'NONE',
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'OUTPOSTS',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
]

const acls: readonly S3Acl[] = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
]

const logLevels: readonly S3LogLevelName[] = [
  'off',
  'debug',
  'debugwithsigning',
  'debugwithhttpbody',
  'debugwithrequestretries',
  'debugwithrequesterrors',
  'debugwitheventstreambody',
]

/** Distribution prints whatever it finds into text, so that a key of digits alone works unquoted. Empty is the same as none. */
const printed = z
  .union([z.string(), z.number(), z.boolean()], { error: 'text' })
  .transform((value) => (value === '' ? undefined : String(value)))
  .optional()

/** What Go's strconv.ParseBool takes. */
const truths: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
const falsehoods: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False']

const flag = z.union([z.boolean(), z.string()], { error: 'true or false' }).transform((value, context) => {
  if (typeof value === 'boolean') return value
  if (!truths.includes(value) && !falsehoods.includes(value)) refuse(context, 'true or false')
  return truths.includes(value)
})

/** A whole number, also as text. */
function whole(least: number, most: number, preset: number): z.ZodType<number, number | string | undefined> {
  const allowed =
    most === Infinity ? `a whole number, ${least} or more` : `a whole number from ${least} to ${most}`
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,15}$/)
          .transform(Number),
      ],
      { error: allowed },
    )
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, { error: allowed })
    .default(preset)
}

function oneOf<Word extends string>(
  words: readonly Word[],
  preset: Word,
  fold: (text: string) => string = (text) => text,
): z.ZodType<Word, string | undefined> {
  return z
    .string({ error: words.join(', ') })
    .default(preset)
    .transform((value, context): Word => {
      const found = words.find((name) => name === fold(value))
      if (found === undefined) refuse(context, words.join(', '))
      return found ?? preset
    })
}

/** Regions come up faster than releases; what they look like stays: `us-east-1`, `us-gov-west-1`. */
const region = /^[a-z]{2,5}(?:-[a-z]+)+-\d+$/

const onlySchemeAndHost = 'a URL of a scheme and a host, such as https://cdn.example'

const redirectEndpoint = printed.transform((value, context) => {
  if (value === undefined) return undefined
  const isPlain = isHttpUrl(value) && ['', '/'].includes(new URL(value).pathname + new URL(value).search)
  if (!isPlain) refuse(context, onlySchemeAndHost)
  return value.replace(/\/$/, '')
})

/**
 * The parameters of `s3` and `s3aws`, of Distribution 2 and 3. Messages say what is allowed; the place is added by the loader. What it does
 * not know it leaves to the check of names.
 */
export const s3: z.ZodType<S3StorageConfig, object> = z
  .object({
    bucket: printed,
    region: printed,
    regionendpoint: printed,
    forcepathstyle: flag.optional(),
    accesskey: printed,
    secretkey: printed,
    sessiontoken: printed,
    encrypt: flag.default(false),
    keyid: printed,
    secure: flag.default(true),
    skipverify: flag.default(false),
    v4auth: flag.default(true),
    chunksize: whole(smallestPart, largestPart, 10 * mebibyte),
    multipartcopychunksize: whole(smallestPart, largestPart, 32 * mebibyte),
    multipartcopymaxconcurrency: whole(1, Infinity, 100),
    multipartcopythresholdsize: whole(0, largestPart, 32 * mebibyte),
    rootdirectory: printed,
    storageclass: oneOf(classes, 'STANDARD', (text) => text.toUpperCase()),
    objectacl: oneOf(acls, 'private'),
    usedualstack: flag.default(false),
    accelerate: flag.default(false),
    usefipsendpoint: flag.default(false),
    redirectendpoint: redirectEndpoint,
    // Any other word is `off` in Distribution, too.
    loglevel: printed.transform((value) => logLevels.find((name) => name === value?.toLowerCase()) ?? 'off'),
    useragent: printed,
  })
  .transform(({ bucket, accesskey, secretkey, rootdirectory, ...given }, context): S3StorageConfig => {
    const at = (name: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message })
    }
    if (bucket === undefined) at('bucket', 'the name of a bucket')
    if (given.regionendpoint === undefined) {
      if (given.region === undefined) at('region', 'a region, such as us-east-1, or regionendpoint')
      else if (!region.test(given.region))
        at('region', "one of Amazon's regions, such as us-east-1, or regionendpoint")
    }
    const isAmazon = given.regionendpoint === undefined || given.regionendpoint.includes('s3.amazonaws.com')
    if (!given.v4auth && isAmazon) at('v4auth', 'true: Amazon takes no other signatures')
    // As in Distribution one key alone counts for nothing: the SDK looks for both elsewhere.
    const keys = accesskey !== undefined && secretkey !== undefined ? { accesskey, secretkey } : {}
    return {
      ...withoutUndefined(given),
      ...keys,
      name: 's3',
      bucket: bucket ?? '',
      rootdirectory: rootdirectory ?? '',
    }
  })
