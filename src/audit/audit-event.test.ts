import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as check, property, string } from 'fast-check'
import { formatAuditEvent, type AuditEvent } from './audit-event.ts'

const time = Date.UTC(2026, 10, 24, 6, 11, 44, 70)

const full: Required<AuditEvent> = {
  count: 7,
  reason: 'because',
  userAgent: 'docker/28.0',
  status: 201,
  from: 'library/debian',
  digest: 'sha256:00',
  tags: ['v1', 'v2'],
  reference: 'v1',
  repository: 'a/b',
  target: 'manifest',
  method: 'PUT',
  request: 'id-1',
  client: '192.0.2.1',
  user: 'alice',
  outcome: 'accepted',
  event: 'push',
}

function parse(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(line) as Readonly<Record<string, unknown>>
}

describe('a line of the audit log', () => {
  it('has its fields in one order, whatever the order of the event', () => {
    assert.equal(
      formatAuditEvent(full, time),
      '{"time":"2026-11-24T06:11:44.070Z","event":"push","outcome":"accepted","user":"alice","client":"192.0.2.1",' +
        '"request":"id-1","method":"PUT","target":"manifest","repository":"a/b","reference":"v1","tags":["v1","v2"],' +
        '"digest":"sha256:00","from":"library/debian","status":201,"useragent":"docker/28.0","reason":"because","count":7}\n',
    )
  })

  it('lacks what there is not', () => {
    const event = { event: 'login', outcome: 'refused', user: '', tags: [], client: undefined } as const
    assert.equal(
      formatAuditEvent(event, time),
      '{"time":"2026-11-24T06:11:44.070Z","event":"login","outcome":"refused"}\n',
    )
  })

  it('is one line that steers no terminal, whatever a client writes', () => {
    const invisible = '\n\r\t\0\u001b[2J\u007f\u0085\u009b\u2028\u2029\u202e\u2066\ufeff\u200b'
    for (const text of [invisible, '"}\n{"event":"push"}', '\\', '\ud800', '\udc00x', '</script>']) {
      const line = formatAuditEvent(
        { ...full, user: text, tags: [text], userAgent: text, reason: text },
        time,
      )
      assert.equal(line.indexOf('\n'), line.length - 1)
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      const { user, tags, useragent, reason, event } = parse(line)
      assert.deepEqual([user, tags, useragent, reason, event], [text, [text], text, text, 'push'])
    }
  })

  it('says the same again when it is read, for any text', () => {
    check(
      property(string({ unit: 'binary', minLength: 1, maxLength: 200 }), (text) => {
        const line = formatAuditEvent({ ...full, user: text }, time)
        assert.equal(line.indexOf('\n'), line.length - 1)
        assert.equal(parse(line)['user'], text)
      }),
    )
  })

  it('has an end, however long what a client writes is', () => {
    const long = '\u0001'.repeat(1_000_000)
    const texts = {
      user: long,
      client: long,
      request: long,
      method: long,
      repository: long,
      reference: long,
      digest: long,
      from: long,
      userAgent: long,
      reason: long,
    }
    const line = formatAuditEvent({ ...full, ...texts, tags: Array<string>(1000).fill(long) }, time)
    assert.ok(line.length < 200_000, `${line.length}`)
    const read = parse(line)
    assert.equal(read['user'], `${'\u0001'.repeat(256)}…`)
    assert.equal((read['tags'] as unknown[]).length, 101)
    const exact = 'x'.repeat(256)
    assert.equal(parse(formatAuditEvent({ ...full, user: exact }, time))['user'], exact)
  })
})
