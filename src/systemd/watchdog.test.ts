import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchdogInterval } from './watchdog.ts'

const cases: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
  [{}, undefined],
  [{ WATCHDOG_USEC: '60000000' }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '' }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, undefined],
  [{ WATCHDOG_USEC: '1' }, 1],
  [{ WATCHDOG_USEC: '99999999999999999' }, 2 ** 31 - 1],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: '' }, undefined],
  [{ WATCHDOG_USEC: '1e6' }, undefined],
  [{ WATCHDOG_USEC: '-5' }, undefined],
]

for (const [env, expected] of cases) {
  test(`watchdog: ${JSON.stringify(env)}: ${expected ?? 'none'}`, () => {
    assert.equal(watchdogInterval(env, 7), expected)
  })
}
