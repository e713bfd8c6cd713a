import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, type Logger, type LogOptions } from './logger.ts'

/** The lines that `use` logs. */
function linesOf(options: Partial<LogOptions>, use: (log: Logger) => void): readonly string[] {
  const written: string[] = []
  const log = createLogger(
    { level: 'info', formatter: 'text', ...options },
    { write: (line) => written.push(line) },
  )
  use(log)
  log.flush()
  const text = written.join('')
  assert.ok(text === '' || text.endsWith('\n'))
  return text.split('\n').slice(0, -1)
}

function jsonOf(options: Partial<LogOptions>, use: (log: Logger) => void): Record<string, unknown> {
  const [line = '{}'] = linesOf({ formatter: 'json', ...options }, use)
  return JSON.parse(line) as Record<string, unknown>
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('text: time, level, message, then the fields by name', () => {
  const lines = linesOf({ fields: { service: 'registry' } }, (log) => {
    log.info({ 'http.request.method': 'GET', bytes: 5 }, 'response completed')
    log.warn({}, 'ready')
  })
  assert.deepEqual(
    lines.map((line) => line.replace(/^time="[^"]+"/, 'time=T')),
    [
      'time=T level=info msg="response completed" bytes=5 http.request.method=GET service=registry',
      'time=T level=warning msg=ready service=registry',
    ],
  )
})

test('json: time, level by name, msg, fields', () => {
  const entry = jsonOf({ fields: { service: 'registry' } }, (log) => log.error({ a: { b: 1 } }, 'text'))
  assert.match(String(entry['time']), isoTime)
  assert.deepEqual(
    { ...entry, time: 'T' },
    { level: 'error', time: 'T', service: 'registry', a: { b: 1 }, msg: 'text' },
  )
})

test('logstash: @timestamp, @version, level, message, fields', () => {
  const entry = jsonOf({ formatter: 'logstash', fields: { service: 'registry' } }, (log) =>
    log.info({ a: 1 }, 'text'),
  )
  assert.match(String(entry['@timestamp']), isoTime)
  assert.deepEqual(
    { ...entry, '@timestamp': 'T' },
    { '@timestamp': 'T', '@version': '1', level: 'info', service: 'registry', a: 1, message: 'text' },
  )
})

const levels: readonly (readonly [LogOptions['level'], readonly string[]])[] = [
  ['error', ['error', 'fatal']],
  ['warn', ['warning', 'error', 'fatal']],
  ['info', ['info', 'warning', 'error', 'fatal']],
  ['debug', ['debug', 'info', 'warning', 'error', 'fatal']],
]

for (const [level, expected] of levels) {
  test(`the level ${level}`, () => {
    const lines = linesOf({ level, formatter: 'json' }, (log) => {
      log.debug({}, 'x')
      log.info({}, 'x')
      log.warn({}, 'x')
      log.error({}, 'x')
      log.fatal({}, 'x')
    })
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { level: string }).level),
      expected,
    )
  })
}

for (const formatter of ['text', 'json', 'logstash'] as const) {
  test(`${formatter}: what a client sends cannot make a line or steer a terminal`, () => {
    const hostile = 'x\ntime=T level=fatal msg="y"\r\u001b[2J\u009b2J\u2028'
    const lines = linesOf({ formatter, fields: { [hostile]: hostile } }, (log) => {
      log.child({ hostile }).info({ uri: hostile, [hostile]: hostile, err: new Error(hostile) }, hostile)
    })
    assert.equal(lines.length, 1)
    assert.doesNotMatch(lines.join(''), /[\p{Cc}\u2028]/u)
  })

  test(`${formatter}: secrets are not shown`, () => {
    const secrets = {
      password: 'hunter2',
      Authorization: 'hunter2',
      cookie: ['hunter2'],
      secret: { a: 'hunter2' },
    }
    const lines = linesOf({ formatter, fields: { token: 'hunter2' } }, (log) => {
      log.info({ ...secrets, headers: secrets }, 'x')
      log.child({ ...secrets, headers: secrets }).info({}, 'x')
      log.child({}).child(secrets).info({}, 'x')
    })
    assert.equal(lines.length, 3)
    assert.doesNotMatch(lines.join('\n'), /hunter2/)
  })
}

test('the fields that were passed in are not changed by hiding secrets', () => {
  const fields = { password: 'a', headers: { cookie: 'b' } }
  linesOf({}, (log) => log.info(fields, 'x'))
  assert.deepEqual(fields, { password: 'a', headers: { cookie: 'b' } })
})

test('errors are told by message, code and cause', () => {
  const error = Object.assign(new Error('bad', { cause: new Error('worse') }), { code: 'EIO' })
  const expected = { 'err.message': 'bad', 'err.code': 'EIO', 'err.cause': 'worse' }
  for (const use of [
    (log: Logger): void => log.error({ err: error }, 'failed'),
    (log: Logger): void => log.error(error, 'failed'),
  ]) {
    const { level, time, msg, ...fields } = jsonOf({}, use)
    assert.deepEqual({ level, msg }, { level: 'error', msg: 'failed' })
    assert.match(String(time), isoTime)
    assert.deepEqual(fields, expected)
  }
  const atDebug = jsonOf({ level: 'debug' }, (log) => log.error({ err: error }, 'failed'))
  assert.equal(atDebug['err.stack'], error.stack)
})

test('configured fields do not stand for those of the line', () => {
  const entry = jsonOf({ fields: { level: 'a', msg: 'b', time: 'c' } }, (log) => log.info({}, 'x'))
  assert.equal(entry['level'], 'info')
  assert.equal(entry['msg'], 'x')
  assert.equal(entry['fields.level'], 'a')
})

test('no field stands for what the line itself says, nor does one of a child', () => {
  const entry = jsonOf({}, (log) => log.child({ time: 'a' }).info({ msg: 'b', level: 'c' }, 'x'))
  assert.equal(entry['msg'], 'x')
  assert.equal(entry['level'], 'info')
  assert.match(String(entry['time']), isoTime)
  assert.deepEqual([entry['fields.time'], entry['fields.msg'], entry['fields.level']], ['a', 'b', 'c'])
})

test('a child has the fields of all above it, its own before theirs', () => {
  const lines = linesOf({ fields: { a: 0, hostname: 'h', pid: 1 } }, (log) => {
    const child = log.child({ a: 1, b: { c: 2 } })
    child.child({ d: 3, a: 4 }).info({ e: 5 }, 'x')
    child.info({}, 'x')
    log.info({}, 'x')
  })
  assert.deepEqual(
    lines.map((line) => line.replace(/^.* msg=x/, '')),
    [' a=4 b.c=2 d=3 e=5 hostname=h pid=1', ' a=1 b.c=2 hostname=h pid=1', ' a=0 hostname=h pid=1'],
  )
})

test('the level that is set counts at once, for children too', () => {
  const lines = linesOf({ formatter: 'json' }, (log) => {
    const child = log.child({}).child({})
    child.debug({}, 'hidden')
    log.level = 'debug'
    assert.ok(child.isLevelEnabled('debug'))
    child.debug({ err: Object.assign(new Error('bad'), { code: 'EIO' }) }, 'with stack')
    log.level = 'error'
    child.warn({}, 'hidden')
    log.warn({}, 'hidden')
    child.error({ err: Object.assign(new Error('bad'), { code: 'EIO' }) }, 'without stack')
  })
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    entries.map((entry) => [entry['msg'], typeof entry['err.stack']]),
    [
      ['with stack', 'string'],
      ['without stack', 'undefined'],
    ],
  )
})

test('lines below warn are held, the others written at once and in order', () => {
  const written: string[] = []
  const log = createLogger({ level: 'debug', formatter: 'json' }, { write: (lines) => written.push(lines) })
  const messages = (): readonly (readonly string[])[] =>
    written.splice(0).map((lines) => [...lines.matchAll(/"msg":"(\w+)"/g)].map(([, message = '']) => message))
  log.info({}, 'a')
  log.debug({}, 'b')
  assert.deepEqual(messages(), [])
  log.warn({}, 'c')
  assert.deepEqual(messages(), [['a', 'b', 'c']])
  log.child({}).error({}, 'd')
  log.fatal({}, 'e')
  assert.deepEqual(messages(), [['d'], ['e']])
  log.info({}, 'f')
  log.flush()
  log.flush()
  assert.deepEqual(messages(), [['f']])
})

for (const formatter of ['text', 'json', 'logstash'] as const) {
  test(`${formatter}: hooks are told of the lines that they ask for, once these are written`, () => {
    const told: unknown[] = []
    const lines = linesOf({ formatter, fields: { service: 'registry' }, level: 'error' }, (log) => {
      log.setHooks([
        { levels: ['error', 'info'], fire: (...line) => told.push(line) },
        { levels: ['fatal'], fire: (level) => told.push(level) },
      ])
      log.warn({}, 'not asked for')
      log.info({}, 'below the level')
      log
        .child({ b: 1 })
        .error({ a: 1, password: 'hunter2', err: Object.assign(new Error('bad'), { code: 'X' }) }, 'm')
      log.fatal({}, 'f')
      log.setHooks([])
      log.fatal({}, 'g')
    })
    assert.equal(lines.length, 3)
    const fields = {
      service: 'registry',
      b: 1,
      a: 1,
      password: '[redacted]',
      'err.message': 'bad',
      'err.code': 'X',
    }
    assert.deepEqual(told, [['error', 'm', fields], 'fatal'])
  })
}

function caller(log: Logger): void {
  log.info({}, 'x')
  log.child({}).warn({}, 'x')
}

test('reportcaller adds who logs, and where', () => {
  for (const line of linesOf({ reportcaller: true }, caller)) {
    assert.match(line, / file="src\/util\/logger\.test\.js:\d+" func=caller$/)
  }
  const entry = jsonOf({ reportcaller: true }, caller)
  assert.match(String(entry['file']), /^src\/util\/logger\.test\.js:\d+$/)
  const method = { use: (log: Logger): void => log.info({}, 'x') }
  assert.equal(jsonOf({ reportcaller: true }, (log) => method.use(log))['func'], 'use')
  assert.doesNotMatch(linesOf({}, caller).join(''), /file=|func=/)
})

function showing(log: Logger): void {
  log.info({ b: 1, a: 'x y', uri: '\u001b[2J' }, 'response completed')
  log.child({ c: 2 }).warn({}, 'hostile\u001b[2J')
}

test('on a terminal a line is for people', () => {
  const [coloured = ''] = linesOf({ terminal: { colours: true }, fields: { z: 9 } }, showing)
  const [blue, off] = ['\u001b[36m', '\u001b[0m']
  assert.ok(coloured.startsWith(`${blue}INFO${off}[`))
  assert.ok(coloured.includes(`] ${'response completed'.padEnd(44)}  ${blue}a${off}="x y" ${blue}b${off}=1 `))

  const plain = linesOf({ terminal: { colours: false }, fields: { z: 9 } }, showing)
  assert.deepEqual(
    plain.map((line) => line.replace(/\d{4}/, 'S')),
    [
      `INFO[S] ${'response completed'.padEnd(44)}  a="x y" b=1 uri="\\x1b[2J" z=9`,
      `WARN[S] ${'hostile\\u001b[2J'.padEnd(44)}  c=2 z=9`,
    ],
  )
  const entry = jsonOf({ terminal: { colours: true } }, (log) => log.info({}, 'x'))
  assert.equal(entry['msg'], 'x')
})
