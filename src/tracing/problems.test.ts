import assert from 'node:assert/strict'
import { it } from 'node:test'
import { diag } from '@opentelemetry/api'
import { globalErrorHandler } from '@opentelemetry/core'
import type { Log } from '../registry/context.ts'
import { reportProblems } from './problems.ts'

const refuse = (): never => assert.fail()

it("OpenTelemetry's problems are told once a minute at most, without passwords", () => {
  const told: unknown[] = []
  const log: Log = { debug: refuse, info: refuse, error: refuse, warn: (...line) => told.push(line) }
  let now = 1000
  reportProblems(log, () => now)

  globalErrorHandler(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }))
  globalErrorHandler(new Error('again'))
  now += 59_999
  diag.error('again')
  diag.info('never told')
  diag.debug('never told')
  now += 1
  diag.warn("Could not parse environment-provided export URL: 'http://user:hunter2@[/'")
  now += 60_000
  globalErrorHandler(Object.assign(new Error('Unauthorized'), { code: 401 }))
  assert.deepEqual(told, [
    [{ problem: 'connect ECONNREFUSED 127.0.0.1:1' }, 'traces: problem'],
    [
      {
        problem: "Could not parse environment-provided export URL: 'http://***@[/'",
        'problems.between': 2,
      },
      'traces: problem',
    ],
    [{ problem: 'Unauthorized (401)' }, 'traces: problem'],
  ])
})
