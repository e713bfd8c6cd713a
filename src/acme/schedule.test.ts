import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { Failures } from './failures.ts'
import { NewHosts } from './new-hosts.ts'
import { backOffTime, orderBackOff, renewalTime } from './schedule.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Milliseconds after the beginning. */
function renewalAfter(life: number, random: number): number {
  return renewalTime({ key: '', chain: '', begins: 1000, expires: 1000 + life }, random) - 1000
}

describe('the time of renewal', () => {
  it('is at two thirds of the life, or a little later', () => {
    assert.equal(renewalAfter(90 * day, 0), 60 * day)
    assert.ok(renewalAfter(90 * day, 0.999) < 60 * day + hour)
    assert.equal(renewalAfter(60 * second, 0), 40 * second)
    assert.ok(renewalAfter(60 * second, 0.999) < 42 * second)
  })

  it('leaves most of the last third, whatever the life', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 400 * day }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (life, random) => {
          const at = renewalAfter(life, random)
          assert.ok(at >= (life * 2) / 3 - 1 && at <= life * 0.7 + 1)
        },
      ),
    )
  })
})

describe('the pause after failures', () => {
  it('gets longer, to an hour, and lets no host fail more than five times in one', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 100].map((failures) => backOffTime(orderBackOff, failures, 0.5))
    assert.deepEqual(
      pauses,
      [1, 3, 9, 27, 60, 60, 60].map((minutes) => minutes * minute),
    )
    const times = [0]
    for (let failures = 1; failures < 10; failures++)
      times.push((times.at(-1) ?? 0) + backOffTime(orderBackOff, failures, 0))
    assert.ok(times.filter((time) => time < hour * 0.9).length <= 5)
  })

  it('is a matter of chance by a tenth', () => {
    assert.equal(backOffTime(orderBackOff, 1, 0), 54 * second)
    assert.ok(backOffTime(orderBackOff, 1, 0.999) < 66 * second)
  })

  it('is remembered for each host until an order succeeds', () => {
    const failures = new Failures(orderBackOff, () => 0.5)
    assert.equal(failures.retryAt('a', 0), undefined)
    assert.equal(failures.add('a', 0), minute)
    assert.equal(failures.retryAt('a', minute - 1), minute)
    assert.equal(failures.retryAt('a', minute), undefined)
    assert.equal(failures.retryAt('b', 0), undefined)
    assert.equal(failures.add('a', minute), 4 * minute)
    failures.forget('a')
    assert.equal(failures.retryAt('a', minute), undefined)
    assert.equal(failures.add('a', 0), minute)
  })

  it('is shorter where a certificate ends, and longer where the authority says so', () => {
    const failures = new Failures(orderBackOff, () => 0.5)
    assert.equal(failures.add('a', 0, 2 * second), 2 * second)
    assert.equal(failures.add('b', 0, 2 * second, 7 * day), 7 * day)
    assert.equal(failures.add('c', 0, Infinity, second), minute)
  })
})

describe('new hosts', () => {
  it('are five at once', () => {
    const hosts = new NewHosts(0)
    const leave = Array.from({ length: 5 }, () => hosts.admit(0))
    assert.ok(leave.every((done) => done !== undefined))
    assert.equal(hosts.admit(0), undefined)
    leave[0]?.()
    assert.ok(hosts.admit(0))
    assert.equal(hosts.admit(0), undefined)
  })

  it('are twenty in a row, and one more every three hours', () => {
    const hosts = new NewHosts(0)
    const admitted = (now: number): number => {
      for (let count = 0; ; count++) {
        const leave = hosts.admit(now)
        if (leave === undefined) return count
        leave()
      }
    }
    assert.equal(admitted(0), 20)
    assert.equal(admitted(3 * hour - 1), 0)
    assert.equal(admitted(3 * hour), 1)
    assert.equal(admitted(9 * hour + 1), 2)
    assert.equal(admitted(12 * hour), 1)
    assert.equal(admitted(1000 * hour), 20)
  })
})
