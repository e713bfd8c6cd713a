import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import type { Log } from '../registry/context.ts'
import { createMailHook, type MailHookParts } from './mail-hook.ts'
import type { Mail } from './mailer.ts'

const options = {
  smtp: { addr: 'smtp.example.com:587', insecure: false },
  from: 'registry@example.com',
  to: ['operator@example.com'],
}

const refuse = (): never => assert.fail()

/** A hook, what it mailed and what it logged. */
function recorded(levels: readonly string[] = ['error'], parts: MailHookParts = {}) {
  const mails: Mail[] = []
  const warnings: unknown[] = []
  const log: Log = { debug: refuse, info: refuse, error: refuse, warn: (...line) => warnings.push(line) }
  const send = async (mail: Mail): Promise<void> => void mails.push(mail)
  const hook = createMailHook({ levels, options }, log, { send, ...parts })
  return { hook, mails, warnings }
}

describe('the levels of a hook', () => {
  it("are Distribution's, in any letter case", () => {
    const { hook, warnings } = recorded([
      'panic',
      'FATAL',
      'Error',
      'warn',
      'warning',
      'info',
      'debug',
      'trace',
    ])
    assert.deepEqual(hook.levels, ['fatal', 'error', 'warning', 'info', 'debug', 'trace'])
    assert.deepEqual(warnings, [])
  })

  it('are warned of when they are none', () => {
    const { hook, warnings } = recorded(['error', 'critical', ''])
    assert.deepEqual(hook.levels, ['error'])
    assert.deepEqual(warnings, [[{ levels: 'critical, ' }, 'log.hooks: no such levels']])
  })
})

describe('a storm of lines', () => {
  it('becomes a few mails, and then one a minute until it is over', async () => {
    const { hook, mails } = recorded(['error', 'warning'], { minuteMilliseconds: 200 })
    for (let i = 0; i < 1000; i++) hook.fire(i % 2 === 0 ? 'warning' : 'error', `m${i}`, { i })
    await delay(0)
    assert.deepEqual(
      mails.map(({ subject }) => subject),
      ['m0', 'm1', 'm2', 'm3', 'm4'].map(
        (m, i) => `[${i % 2 === 0 ? 'warning' : 'error'}] smtp.example.com: ${m}`,
      ),
    )
    await until(() => mails.length >= 6)
    assert.equal(mails[5]?.subject, '[error] smtp.example.com: 995 lines of the log within a minute')
    assert.match(mails[5].text, /^m5\n\ni: 5\n\nm6\n\ni: 6\n[^]*\nm104\n\ni: 104\n\nand 895 more\n$/)
    // It goes on, so that all of the next minute is in one mail, even a single line.
    hook.fire('error', 'again', {})
    await delay(0)
    assert.equal(mails.length, 6)
    await until(() => mails.length >= 7)
    assert.equal(mails[6]?.subject, '[error] smtp.example.com: again')
    // A quiet minute later, lines are mailed at once again.
    await delay(500)
    hook.fire('error', 'later', {})
    await delay(0)
    assert.equal(mails[7]?.subject, '[error] smtp.example.com: later')
  })

  it('is not lost when the process stops', async () => {
    const { hook, mails } = recorded()
    for (let i = 0; i < 10; i++) hook.fire('error', `m${i}`, {})
    await hook.stop()
    assert.equal(mails.length, 6)
    assert.equal(mails[5]?.text, ['m5', 'm6', 'm7', 'm8', 'm9'].map((m) => `${m}\n\n`).join('\n'))
  })
})

describe('a mail server that does not answer', () => {
  it('gets one mail at a time, makes nobody wait, and holds up the end for a while only', async () => {
    let calls = 0
    const { hook } = recorded(['error'], {
      minuteMilliseconds: 1,
      send: async () => {
        calls++
        await new Promise(() => {})
      },
    })
    for (let i = 0; i < 50; i++) {
      hook.fire('error', 'm', {})
      await delay(2)
    }
    assert.equal(calls, 1)
    const started = performance.now()
    await hook.stop(50)
    assert.ok(performance.now() - started < 5_000)
  })

  it('is told of in the log once', async () => {
    const failure = new Error('refused')
    const { hook, warnings } = recorded(['error'], { send: async () => await Promise.reject(failure) })
    hook.fire('error', 'm', {})
    hook.fire('error', 'm', {})
    await hook.stop()
    assert.deepEqual(warnings, [[{ err: failure, server: 'smtp.example.com' }, 'log.hooks: mail not sent']])
  })
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'in time')
    await delay(5)
  }
}
