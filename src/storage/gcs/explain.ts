import { lineOf } from '../store-problem.ts'
import { endpointOf } from './endpoint.ts'
import { GcsFailure, type GcsProblem, isNoBucket } from './errors.ts'
import type { GcsOptions } from './options.ts'

/** What the self test tries, and the permission that it takes. */
export type GcsRight =
  | 'storage.objects.list'
  | 'storage.objects.create'
  | 'storage.objects.get'
  | 'storage.objects.delete'

/** What is wrong with a store, and what to do: one line. */
export function explain(error: unknown, right: GcsRight, options: GcsOptions): string {
  if (!(error instanceof GcsFailure)) return lineOf(error)
  const { problem } = error
  const place = placeOf(options)
  return (
    wrongCredentials(problem, options) ??
    unreachable(problem, place) ??
    wrongBucket(problem, options) ??
    forbidden(problem, right, place) ??
    lineOf(error)
  )
}

/** That the clocks differ too much, in minutes. */
export function explainClock(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const way = offset > 0 ? 'behind' : 'ahead of'
  return `the clock of this machine is ${minutes} minutes ${way} that of the GCS store: set the clock (NTP)`
}

const untrusted = /CERT|ALTNAME|VERIFY|SELF_SIGNED/
const noCredentials = /could not load the default credentials/i
/** Of a key that is none, as Node's and Google's libraries say it. */
const badKey =
  /DECODER|PEM|asn1|No key or keyFile|does not contain a (?:client_email|private_key)|must match the/i

/** A request that got no answer, and gets none until somebody corrects something. */
export function isForSomebody({ code, status, message }: GcsProblem): boolean {
  return (
    status === undefined &&
    (untrusted.test(code) ||
      code === 'EPROTO' ||
      noCredentials.test(message) ||
      badKey.test(`${code} ${message}`))
  )
}

function wrongCredentials(problem: GcsProblem, options: GcsOptions): string | undefined {
  const { code, status, message } = problem
  const { keyFile } = options
  const where = keyFile === undefined ? 'credentials' : `keyfile (${keyFile})`
  if (noCredentials.test(message))
    return 'there are no credentials for the GCS store: set keyfile or credentials, GOOGLE_APPLICATION_CREDENTIALS, or give the machine an identity'
  if (status === undefined && badKey.test(`${code} ${message}`))
    return `the key for the GCS store cannot be used: correct ${where}, which must hold client_email and private_key as they were downloaded`
  if (/invalid_grant|invalid_client|unauthorized_client/.test(`${code} ${message}`))
    return `Google takes the key no more (${message}): make a new one and correct ${where}, or set the clock (NTP)`
  if (status !== 401) return undefined
  const hasKey = keyFile !== undefined || options.credentials !== undefined
  return `the GCS store does not know who asks (${message}): ${hasKey ? `the key may be deleted or its account disabled, or the clock be wrong: correct ${where}, or set the clock (NTP)` : 'renew GOOGLE_APPLICATION_CREDENTIALS, or the identity of the machine'}`
}

function unreachable({ code, status, message }: GcsProblem, place: string): string | undefined {
  if (status !== undefined) return undefined
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the GCS store's name is not known (${place}): correct the DNS, or STORAGE_EMULATOR_HOST`
  if (code === 'ECONNREFUSED')
    return `nothing listens where the GCS store should be (${place}): start it, or correct STORAGE_EMULATOR_HOST`
  if (untrusted.test(code))
    return `the certificate of the GCS store is not trusted (${place}, ${code}): set NODE_EXTRA_CA_CERTS to its authority's file`
  if (code === 'EPROTO' || /wrong version number/i.test(message))
    return `the GCS store speaks no TLS (${place}): set http:// in STORAGE_EMULATOR_HOST`
  return `the GCS store cannot be reached (${place}): ${code}: ${message}`
}

function wrongBucket(problem: GcsProblem, { bucket }: GcsOptions): string | undefined {
  const { code, status, message } = problem
  // When the bucket itself is asked for, an emulator says no more than 404.
  if (isNoBucket(problem) || status === 404)
    return `there is no bucket ${bucket} in the GCS store: create it, or correct bucket`
  if (code === 'userProjectMissing' || /requester pays/i.test(message))
    return `the bucket ${bucket} has whoever asks pay: set GOOGLE_CLOUD_QUOTA_PROJECT to the project that pays`
  if (code === 'accountDisabled' || code === 'userProjectAccountProblem')
    return `Google has stopped the project of the bucket ${bucket} (${message}): set up its billing`
  if (code === 'accessNotConfigured' || code === 'SERVICE_DISABLED')
    return 'the API of Cloud Storage is off in the project: turn on storage.googleapis.com'
  if (code === 'retentionPolicyNotMet' || code === 'objectUnderActiveHold')
    return `the bucket ${bucket} lets nothing be deleted or replaced (${message}): take its retention policy or hold away, for tags are replaced`
  if (/kms|encryption key/i.test(message))
    return `the GCS store cannot use the encryption key of the bucket ${bucket} (${message}): allow it, or enable the key`
  return undefined
}

function forbidden(
  { status, code, message }: GcsProblem,
  right: GcsRight,
  place: string,
): string | undefined {
  if (status !== 403 || code === 'quotaExceeded') return undefined
  const who = /^(\S+@\S+) does not have/.exec(message)?.[1] ?? 'the account'
  return `the GCS store forbids ${right} (${place}): give ${who} the role roles/storage.objectAdmin on the bucket`
}

/** Where the bucket is, without anything secret. */
function placeOf(options: GcsOptions): string {
  return `${endpointOf(options).host}, bucket ${options.bucket}`
}
