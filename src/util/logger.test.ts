import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createLogger, type Logger, type LogOptions } from './logger.ts'

/** The lines that `use` logs. */
function linesOf(options: Partial<LogOptions>, use: (log: Logger) => void): readonly string[] {
  const written: string[] = []
  use(createLogger({ level: 'info', formatter: 'text', ...options }, { write: (line) => written.push(line) }))
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
    log.warn('ready')
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
      log.debug('x')
      log.info('x')
      log.warn('x')
      log.error('x')
      log.fatal('x')
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
      log.child({ ...secrets, headers: secrets }).info('x')
      log.child({}).child(secrets).info('x')
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
  const entry = jsonOf({ fields: { level: 'a', msg: 'b', time: 'c' } }, (log) => log.info('x'))
  assert.equal(entry['level'], 'info')
  assert.equal(entry['msg'], 'x')
  assert.equal(entry['fields.level'], 'a')
})

test('the last line before the process ends is on standard error', () => {
  const module = new URL('logger.js', import.meta.url).href
  const script = `
    import { createLogger } from ${JSON.stringify(module)}
    const log = createLogger({ level: 'info', formatter: 'json' })
    for (let i = 0; i < 3000; i++) log.info({ i, filler: 'x'.repeat(100) }, 'line')
    log.fatal('end')
    process.exit(1)`
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  })
  const lines = stderr.trimEnd().split('\n')
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.equal(lines.length, 3001)
  assert.equal((JSON.parse(lines.at(-1) ?? '') as { msg: string }).msg, 'end')
})
