import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import type { AzureCredentialsConfig, AzureStorageConfig } from '../storage-azure.ts'
import { forTimer, isHttpUrl, refuse, withoutUndefined } from './values.ts'

/** Distribution prints whatever it finds into text, so that a name of digits alone works unquoted. Empty is the same as none. */
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

const polls = 'a whole number, -1 or more'

/** A whole number, also as text. Distribution takes 0 for its default. */
const retries = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(/^-?\d{1,9}$/)
        .transform(Number),
    ],
    { error: polls },
  )
  .refine((value) => value >= -1, { error: polls })
  .default(0)
  .transform((value) => (value === 0 ? 5 : value))

const aDelay = 'a duration with a unit, such as 100ms'

const retryDelay = z
  .string({ error: aDelay })
  .default('')
  .transform((value, context) => {
    const parsed = value === '' ? 100 : parseDuration(value)
    if (parsed === undefined || parsed < 0) refuse(context, aDelay)
    return forTimer(parsed ?? 0)
  })

const serviceUrl = printed.transform((value, context) => {
  if (value !== undefined && !isHttpUrl(value))
    refuse(context, 'a URL, such as https://account.blob.core.windows.net')
  return value
})

const types = ['shared_key', 'client_secret', 'default_credentials']

const credentials = z
  .object(
    {
      type: printed.refine((value) => value === undefined || types.includes(value), {
        error: types.join(', '),
      }),
      clientid: printed,
      tenantid: printed,
      secret: printed,
    },
    { error: 'a map' },
  )
  .nullish()

/**
 * The parameters of `azure`, of Distribution 2 and 3. Without `credentials.type`, which version 3 requires and version 2 did not know, an
 * `accountkey` is what counts. Messages say what is allowed; the place is added by the loader.
 */
export const azure: z.ZodType<AzureStorageConfig, object> = z
  .object({
    accountname: printed,
    accountkey: printed,
    container: printed,
    realm: printed,
    credentials,
    serviceurl: serviceUrl,
    rootdirectory: printed,
    max_retries: retries,
    retry_delay: retryDelay,
    skipverify: flag.default(false),
    useragent: printed,
  })
  .transform(({ accountname, accountkey, container, realm, rootdirectory, ...given }, context) => {
    const at = (path: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
    if (accountname === undefined) at(['accountname'], 'the name of a storage account; it is required')
    if (container === undefined) at(['container'], 'the name of a container; it is required')
    return {
      ...withoutUndefined(given),
      name: 'azure' as const,
      accountname: accountname ?? '',
      container: container ?? '',
      realm: realm ?? 'core.windows.net',
      rootdirectory: rootdirectory ?? '',
      credentials: credentialsOf(accountkey, given.credentials ?? {}, at),
    }
  })

function credentialsOf(
  accountkey: string | undefined,
  given: NonNullable<z.output<typeof credentials>> | Record<string, undefined>,
  at: (path: readonly string[], message: string) => void,
): AzureCredentialsConfig {
  const type = given.type ?? (accountkey === undefined ? undefined : 'shared_key')
  if (type === 'default_credentials') return { type }
  if (type === 'client_secret') {
    const { tenantid = '', clientid = '', secret = '' } = given
    for (const [name, value] of Object.entries({ tenantid, clientid, secret }))
      if (value === '') at(['credentials', name], 'text; client_secret requires it')
    return { type, tenantid, clientid, secret }
  }
  if (type === undefined)
    at(['accountkey'], `the key of the account, or credentials.type: ${types.slice(1).join(' or ')}`)
  else if (accountkey === undefined)
    at(['accountkey'], 'the key of the account; credentials.type: shared_key requires it')
  return { type: 'shared_key', accountkey: accountkey ?? '' }
}
