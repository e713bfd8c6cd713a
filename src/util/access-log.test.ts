import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it, test } from 'node:test'
import { createAccessLog, type AccessLog, type AccessLogEntry } from './access-log.ts'

const entry: AccessLogEntry = {
  remoteAddress: '192.0.2.1:41000',
  time: Date.UTC(2026, 10, 24, 6, 11, 44, 999),
  method: 'GET',
  uri: '/v2/a/tags/list?n=1',
  protocol: 'HTTP/1.1',
  status: 200,
  bytes: 123,
  referer: 'https://example.com/',
  userAgent: 'docker/28.0 (linux)',
}

function textOf(...entries: readonly AccessLogEntry[]): string {
  let text = ''
  const log = createAccessLog({ write: (written) => (text += written) })
  for (const one of entries) log.line(one)
  log.flush()
  return text
}

test('a line has the combined format', () => {
  const [before = '', rest = ''] = textOf(entry).split('] ')
  assert.match(before, /^192\.0\.2\.1:41000 - - \[2[345]\/Nov\/2026:\d\d:\d\d:44 [+-]\d{4}$/)
  assert.equal(
    rest,
    '"GET /v2/a/tags/list?n=1 HTTP/1.1" 200 123 "https://example.com/" "docker/28.0 (linux)"\n',
  )
})

test('the time of a line, zone included, is the time that it was given', () => {
  for (const time of [Date.UTC(2026, 0, 1, 0, 0, 1), Date.UTC(2026, 6, 31, 23, 59, 59), 0]) {
    const [, day, clock, zone] = /\[([^:]+):(\S+) ([+-]\d{4})\]/.exec(textOf({ ...entry, time })) ?? []
    assert.equal(Date.parse(`${day?.replaceAll('/', ' ')} ${clock} ${zone}`), time)
  }
})

test('the time is remembered for its second only', () => {
  const time = Date.UTC(2026, 10, 24, 6, 11, 44)
  const lines = textOf({ ...entry, time }, { ...entry, time: time + 1000 }, { ...entry, time }).split('\n')
  assert.match(lines[0] ?? '', /:44 /)
  assert.match(lines[1] ?? '', /:45 /)
  assert.equal(lines[2], lines[0])
})

test('what is absent', () => {
  const { remoteAddress, method, uri, protocol, status, bytes } = entry
  const line = textOf({ remoteAddress, method, uri, protocol, status, bytes, user: '' })
  assert.match(line, / - - \[.*\] ".*" 200 123 "" ""\n$/)
})

const hostile: readonly (readonly [Partial<AccessLogEntry>, string])[] = [
  [{ userAgent: '" 500 0 "' }, '"\\" 500 0 \\""\n'],
  [{ userAgent: 'a\\' }, '"a\\\\"\n'],
  [{ userAgent: 'a\r\nb\u001b[2J\u007f' }, '"a\\x0d\\x0ab\\x1b[2J\\x7f"\n'],
  [{ userAgent: '\u00e9\u009b' }, '"\\xe9\\x9b"\n'],
  [{ userAgent: '\u20ac\u{1f600}\ud800' }, '"\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80\\xef\\xbf\\xbd"\n'],
  [{ referer: '"\n' }, '"\\"\\x0a" "docker/28.0 (linux)"\n'],
  [{ uri: '/"\n' }, '"GET /\\"\\x0a HTTP/1.1" 200 123 "https://example.com/" "docker/28.0 (linux)"\n'],
]

for (const [fields, end] of hostile) {
  test(`hostile values: ${JSON.stringify(fields)}`, () => {
    const line = textOf({ ...entry, ...fields })
    assert.ok(line.endsWith(` ${end}`), line)
    assert.equal(line.split('\n').length, 2)
  })
}

test('a user with a space is still one field', () => {
  assert.match(textOf({ ...entry, user: 'a b"' }), /^192\.0\.2\.1:41000 - a\\x20b\\" \[/)
})

test('lines are written together: when there are enough, after a while, and at the end', async () => {
  const written: string[] = []
  const log = createAccessLog({ write: (text) => written.push(text) })
  const line = textOf(entry)
  const enough = Math.ceil((16 * 1024) / line.length)
  for (let i = 1; i < enough; i++) log.line(entry)
  assert.equal(written.length, 0)
  log.line(entry)
  assert.deepEqual(written.splice(0), [line.repeat(enough)])

  log.line(entry)
  log.line(entry)
  const started = Date.now()
  while (written.length === 0 && Date.now() - started < 5000) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.deepEqual(written.splice(0), [line.repeat(2)])

  log.line(entry)
  log.flush()
  log.flush()
  assert.deepEqual(written, [line])
})

const most = 1024 * 1024

/** The stream's state is the test's to set. */
function stuck(writableLength: number): {
  state: { writableLength: number }
  written: string[]
  dropped: number[]
  log: AccessLog
} {
  const written: string[] = []
  const dropped: number[] = []
  const state = { writableLength, write: (text: string): number => written.push(text) }
  const log = createAccessLog(state, { onDropped: (count) => dropped.push(count) })
  return { state, written, dropped, log }
}

describe('a stream that nobody reads', () => {
  const line = textOf(entry)

  it('gets no more lines, and gets them again when it flows', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { state, written, dropped, log } = stuck(most)
    log.line(entry)
    t.mock.timers.tick(200)
    assert.deepEqual(written.splice(0), [line], 'at the limit')

    state.writableLength = most + 1
    for (let i = 0; i < 5; i++) log.line(entry)
    t.mock.timers.tick(10_000)
    assert.deepEqual(written, [])
    assert.deepEqual(dropped, [], 'not while it stands still')

    state.writableLength = most
    log.line(entry)
    t.mock.timers.tick(1000)
    assert.deepEqual(written.splice(0), [line])
    assert.deepEqual(dropped.splice(0), [5])

    t.mock.timers.tick(10_000)
    assert.deepEqual(dropped, [], 'once')
    state.writableLength = most + 1
    log.line(entry)
    state.writableLength = 0
    t.mock.timers.tick(1000)
    assert.deepEqual(dropped, [1], 'counted anew, and without another line')
  })

  it('is told of once a second when it flows and stands still in turn', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { state, dropped, log } = stuck(0)
    for (let i = 0; i < 100; i++) {
      state.writableLength = most + 1
      log.line(entry)
      state.writableLength = 0
      log.line(entry)
      t.mock.timers.tick(10)
    }
    assert.deepEqual(dropped, [100])
  })

  it('is told of at the end', () => {
    const { dropped, log } = stuck(most + 1)
    log.line(entry)
    log.flush()
    log.flush()
    assert.deepEqual(dropped, [1])
  })

  it('takes no memory, as the length of a real stream shows', () => {
    // Never calls back.
    const stream = new Writable({ write: () => {} })
    const dropped: number[] = []
    const log = createAccessLog(stream, { onDropped: (count) => dropped.push(count) })
    const count = Math.ceil((4 * most) / line.length)
    for (let i = 0; i < count; i++) log.line(entry)
    log.flush()
    assert.ok(stream.writableLength > most && stream.writableLength <= most + 32 * 1024)
    assert.ok((dropped[0] ?? 0) > count / 2, String(dropped))
  })
})
