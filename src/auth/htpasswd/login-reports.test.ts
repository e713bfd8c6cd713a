import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordingLog, type LogEntry } from '../../../test/tls/recording-log.ts'
import { LoginReports, type LoginAttempt } from './login-reports.ts'

class Scene {
  readonly entries: LogEntry[]
  readonly told: LoginAttempt[] = []
  readonly counted: string[] = []
  readonly reports: LoginReports
  #later: (() => void)[] = []

  constructor() {
    const { log, entries } = recordingLog()
    this.entries = entries
    this.reports = new LoginReports({
      log,
      onLogin: (attempt) => this.told.push(attempt),
      onAttempt: (outcome) => this.counted.push(outcome),
      later: (work) => this.#later.push(work),
    })
  }

  report(outcome: LoginAttempt['outcome'], client: string = '192.0.2.1', user: string = 'ada'): void {
    const attempt = { outcome, user, client }
    this.reports.report(outcome === 'accepted' ? attempt : { ...attempt, reason: 'wrong' }, client)
  }

  secondPasses(): void {
    const due = this.#later
    assert.ok(due.length <= 1, 'one timer')
    this.#later = []
    for (const work of due) work()
  }

  get isIdle(): boolean {
    return this.#later.length === 0
  }
}

describe('reports of logins', () => {
  it('tell each attempt to who listens, and what was refused to the log', () => {
    const scene = new Scene()
    scene.report('accepted')
    assert.equal(scene.entries.length, 0)
    scene.report('refused')
    assert.deepEqual(
      scene.told.map(({ outcome }) => outcome),
      ['accepted', 'refused'],
    )
    assert.deepEqual(scene.entries, [
      {
        level: 'warn',
        message: 'login refused',
        fields: { user: 'ada', client: '192.0.2.1', reason: 'wrong' },
      },
    ])
  })

  it('are one line a second of an address, with a count', () => {
    const scene = new Scene()
    for (let count = 0; count < 100; count++) scene.report('refused', '192.0.2.1', `user-${count}`)
    assert.equal(scene.entries.length, 1)
    scene.report('refused', '192.0.2.2')
    assert.equal(scene.entries.length, 2)
    scene.secondPasses()
    assert.equal(scene.entries.length, 3)
    assert.deepEqual(scene.entries[2]?.fields, {
      user: 'user-99',
      client: '192.0.2.1',
      reason: 'wrong',
      attempts: 99,
    })
    assert.equal(scene.told.length, 101)
    // The address is still remembered for the second that follows.
    scene.report('refused')
    assert.equal(scene.entries.length, 3)
    scene.secondPasses()
    assert.equal(scene.entries.length, 4)
    scene.secondPasses()
    assert.ok(scene.isIdle)
    scene.report('refused')
    assert.equal(scene.entries.length, 5)
  })

  it('tell of throttled ones no more often than the log', () => {
    const scene = new Scene()
    for (let count = 0; count < 100; count++) scene.report('throttled')
    assert.equal(scene.told.length, 1)
    scene.secondPasses()
    assert.deepEqual(
      scene.told.map(({ count }) => count),
      [undefined, 99],
    )
    assert.equal(scene.counted.length, 100, 'which are all counted')
    assert.deepEqual(
      scene.entries.map(({ message, fields }) => [message, fields['attempts']]),
      [
        ['login throttled', undefined],
        ['login throttled', 99],
      ],
    )
  })

  it('are some twenty lines a second, however many addresses take part', () => {
    const scene = new Scene()
    for (let index = 0; index < 10_000; index++) scene.report('refused', `192.0.2.${index}`)
    assert.equal(scene.entries.length, 20)
    scene.secondPasses()
    assert.equal(scene.entries.length, 21)
    assert.deepEqual(scene.entries[20], {
      level: 'warn',
      message: 'logins of more addresses not accepted',
      fields: { attempts: 9_980 },
    })
    scene.secondPasses()
    assert.ok(scene.isIdle)
  })

  it('name users short', () => {
    const scene = new Scene()
    scene.report('refused', '192.0.2.1', 'x'.repeat(3_000))
    assert.equal(scene.entries[0]?.fields['user'], 'x'.repeat(100))
  })
})
