import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf } from './errors.ts'
import { isPassing } from '../object-store/retrying.ts'

/** As the SDK throws it once it has noticed that the clock is minutes off. */
function skewed(status: number, Code?: string): ReturnType<typeof problemOf> {
  const $metadata = { httpStatusCode: status, clockSkewCorrected: true }
  return problemOf(Object.assign(new Error('why'), { name: Code ?? 'Unknown', Code, $metadata }))
}

describe('an error of a store whose clock differs', () => {
  it('is worth another try when it was about the time', () => {
    const refusals = [skewed(403, 'RequestTimeTooSkewed'), skewed(403, 'SignatureDoesNotMatch'), skewed(403)]
    for (const one of refusals) assert.ok(one.clockCorrected && isPassing(one), one.code)
  })

  it('is what it is when it was about something else', () => {
    const others = [
      skewed(404),
      skewed(404, 'NoSuchKey'),
      skewed(412, 'PreconditionFailed'),
      skewed(403, 'AccessDenied'),
    ]
    for (const one of others) assert.ok(!one.clockCorrected && !isPassing(one), one.code)
  })
})
