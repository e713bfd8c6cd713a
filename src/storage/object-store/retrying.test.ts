import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf, S3Failure } from '../s3/errors.ts'
import { isPassing, waitBefore } from './retrying.ts'

function problem(name: string, status?: number, headers: object = {}): ReturnType<typeof problemOf> {
  return problemOf(
    Object.assign(new Error('why'), {
      name,
      $metadata: { httpStatusCode: status, requestId: 'r' },
      $response: { headers },
    }),
  )
}

describe('trying again', () => {
  it('helps against what passes, and is not tried against what does not', () => {
    const passing = [
      problem('SlowDown', 503),
      problem('Whatever', 429),
      problem('InternalError', 500),
      problem('RequestTimeout', 400),
      problem('OperationAborted', 409),
      problemOf(Object.assign(new Error('gone'), { code: 'ECONNRESET' })),
      problem('ExpiredToken', 400),
    ]
    for (const one of passing) assert.ok(isPassing(one), one.code)
    const lasting = [
      problem('NoSuchKey', 404),
      problem('AccessDenied', 403),
      problem('PreconditionFailed', 412),
      problem('NotImplemented', 501),
      problem('EntityTooLarge', 400),
      problem('RequestTimeTooSkewed', 403),
    ]
    for (const one of lasting) assert.ok(!isPassing(one), one.code)
  })

  it('waits longer each time, at random, and longer when the store is asked too much', () => {
    const reset = problem('InternalError', 500)
    const slow = problem('SlowDown', 503)
    for (const failed of [1, 2, 5, 30]) {
      assert.ok(waitBefore(reset, failed, 0) < waitBefore(reset, failed, 0.9))
      assert.ok(waitBefore(reset, failed, 0.9) <= 10_000)
    }
    assert.ok(waitBefore(reset, 3, 0) > waitBefore(reset, 1, 1))
    assert.ok(waitBefore(slow, 1, 0) > waitBefore(reset, 1, 1))
  })

  it('waits as long as it is told to, in seconds or until a date', () => {
    const inSeconds = problem('SlowDown', 503, { 'retry-after': '3' })
    assert.ok(waitBefore(inSeconds, 1, 0) >= 3_000)
    const date = new Date(Date.now() + 5_000).toUTCString()
    assert.ok(waitBefore(problem('SlowDown', 503, { 'retry-after': date }), 1, 0) >= 3_500)
    assert.equal(new S3Failure('PutObject', 'k', inSeconds).retryAfter, 3)
  })
})
