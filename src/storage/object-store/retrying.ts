import type { RequestProblem } from './request-problem.ts'

/** The store is asked too much: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const throttling: ReadonlySet<string> = new Set([
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'ServiceUnavailable',
  'Busy',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
])

/** What passes, though its status does not say so. */
const passing: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'CredentialsProviderError',
  // Versitygw, when somebody empties the folder at the same time.
  'ExistingObjectIsDirectory',
])

/** Keys that the SDK gets anew. */
const expired: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
])

/** Keys that the store does not know, or knows by another secret: they may have been replaced. */
export function isOfOtherKeys({ code }: RequestProblem): boolean {
  return code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch'
}

export function isThrottling({ code, status }: RequestProblem): boolean {
  return status === 429 || status === 503 || throttling.has(code)
}

export function isExpired({ code }: RequestProblem): boolean {
  return expired.has(code)
}

/** Whether the same request may do better later. */
export function isPassing(problem: RequestProblem): boolean {
  const { code, status } = problem
  if (problem.clockCorrected || passing.has(code) || isThrottling(problem) || isExpired(problem)) return true
  // No answer, or half of one: the connection broke, or nobody listens. A server may be just restarting.
  if (status === undefined || status < 300) return true
  return status === 408 || (status >= 500 && status !== 501)
}

const firstWait = 50
const firstThrottledWait = 500
const longestWait = 10_000

/**
 * Milliseconds to wait before a request is sent again: at random up to a bound that doubles, so that those who failed together do
 * not come back together; longer when the store is asked too much, and never less than it says.
 *
 * @param failed attempts so far, 1 or more
 * @param random from 0 to 1
 */
export function waitBefore(problem: RequestProblem, failed: number, random: number): number {
  const first = isThrottling(problem) ? firstThrottledWait : firstWait
  const bound = Math.min(first * 2 ** (failed - 1), longestWait)
  const asked = problem.retryAfter ?? 0
  // The signature of another time needs no wait.
  return problem.clockCorrected ? 0 : asked + (bound / 2) * (1 + random) * (asked > 0 ? 0.2 : 1)
}
