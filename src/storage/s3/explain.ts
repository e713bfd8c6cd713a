import { endpointOf } from './client.ts'
import { lineOf } from '../store-problem.ts'
import { S3Failure } from './errors.ts'
import type { RequestProblem } from '../object-store/request-problem.ts'
import type { S3Options } from './options.ts'

/** What the self test tries, and the right that it takes. */
export type S3Right =
  | 's3:ListBucket'
  | 's3:PutObject'
  | 's3:GetObject'
  | 's3:DeleteObject'
  | 's3:AbortMultipartUpload'

/** What is wrong with a store, and what to do: one line. */
export function explain(error: unknown, right: S3Right, options: S3Options): string {
  if (!(error instanceof S3Failure)) return lineOf(error)
  const { problem } = error
  const place = placeOf(options)
  return (
    unreachable(problem, place) ??
    wrongPlace(problem, options) ??
    wrongKeys(problem, place) ??
    wrongSettings(problem) ??
    forbidden(problem, right, options) ??
    lineOf(error)
  )
}

/** That the clocks differ too much, in minutes. */
export function explainClock(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const way = offset > 0 ? 'behind' : 'ahead of'
  return `the clock of this machine is ${minutes} minutes ${way} that of the S3 store: set the clock (NTP)`
}

const untrusted = /CERT|ALTNAME|VERIFY|SELF_SIGNED/

/** A request that got no answer, and gets none until somebody corrects something. */
export function isForSomebody({ code, status }: RequestProblem): boolean {
  return (
    status === undefined && (untrusted.test(code) || code === 'CredentialsProviderError' || code === 'EPROTO')
  )
}

function unreachable({ code, status, message }: RequestProblem, place: string): string | undefined {
  if (status !== undefined) return undefined
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the S3 store's name is not known (${place}): correct regionendpoint, region or bucket, or the DNS`
  if (code === 'ECONNREFUSED')
    return `nothing listens where the S3 store should be (${place}): start it, or correct regionendpoint`
  if (untrusted.test(code))
    return `the certificate of the S3 store is not trusted (${place}, ${code}): set AWS_CA_BUNDLE to its authority's file, or skipverify: true`
  if (code === 'CredentialsProviderError')
    return 'there are no credentials for the S3 store: set accesskey and secretkey, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role'
  if (code === 'EPROTO' || /wrong version number/i.test(message))
    return `the S3 store speaks no TLS (${place}): set secure: false, or http:// in regionendpoint`
  return `the S3 store cannot be reached (${place}): ${code}: ${message}`
}

function wrongPlace(
  { code, status, message, region }: RequestProblem,
  options: S3Options,
): string | undefined {
  if (code === 'NoSuchBucket')
    return `there is no bucket ${options.bucket} in the S3 store (${placeOf(options)}): create it, or correct bucket`
  const isRegion =
    status === 301 ||
    /Region|PermanentRedirect|IllegalLocation/.test(code) ||
    (code === 'AuthorizationHeaderMalformed' && /region/i.test(message))
  if (!isRegion) return undefined
  const right = region ?? /expecting '([a-z0-9-]+)'/.exec(message)?.[1]
  return `the bucket ${options.bucket} is not in region ${options.region ?? 'us-east-1'}: set region: ${right ?? `to where it is (${message})`}`
}

function wrongKeys({ code }: RequestProblem, place: string): string | undefined {
  switch (code) {
    case 'InvalidAccessKeyId':
    case 'XAdminUserNotFound': // Versitygw
      return `the S3 store knows no such access key (${place}): correct accesskey`
    case 'SignatureDoesNotMatch':
      return `the secret key is not that of the access key (${place}): correct secretkey`
    case 'InvalidToken':
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return `the S3 store takes the session token no more (${place}): renew the credentials`
    case 'RequestTimeTooSkewed':
      return 'the clocks of this machine and of the S3 store differ too much: set the clock (NTP)'
    default:
      return undefined
  }
}

function wrongSettings({ code, message }: RequestProblem): string | undefined {
  if (code.startsWith('KMS.'))
    return `the S3 store cannot use the KMS key (${message}): correct keyid, or allow it`
  if (code === 'AccessControlListNotSupported')
    return 'the bucket takes no ACLs: leave objectacl out, or set it to private'
  if (code === 'InvalidStorageClass')
    return 'the S3 store does not know that storage class: correct storageclass'
  return undefined
}

function forbidden({ code, status }: RequestProblem, right: S3Right, options: S3Options): string | undefined {
  if (status !== 403 || code === 'QuotaExceeded') return undefined
  const target = right === 's3:ListBucket' ? options.bucket : `${options.bucket}/*`
  return `the S3 store forbids ${right} (${placeOf(options)}): allow it for these keys on arn:aws:s3:::${target}`
}

/** Where the bucket is, without anything secret: an endpoint may hold a password. */
function placeOf(options: S3Options): string {
  const endpoint = endpointOf(options)
  const host = endpoint !== undefined && URL.canParse(endpoint) ? `${new URL(endpoint).host}, ` : ''
  return `${host}bucket ${options.bucket}`
}
