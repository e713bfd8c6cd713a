import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeControls, formatLogfmt } from './logfmt.ts'

const entry = { time: 'T', level: 'info', msg: 'm' }

const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{}, ''],
  [{ b: 1, a: true }, ' a=true b=1'],
  [{ a: 'abc-1._/@^+' }, ' a=abc-1._/@^+'],
  [{ a: 'größe' }, ' a=größe'],
  [{ a: 'x y' }, ' a="x y"'],
  [{ a: '' }, ' a=""'],
  [{ a: null }, ' a=null'],
  [{ a: 'x=y' }, ' a="x=y"'],
  [{ a: '"\\' }, ' a="\\"\\\\"'],
  [{ a: 'x\ny\r\t' }, ' a="x\\ny\\r\\t"'],
  [{ a: '\u001b[2J\u009b\u2028\u202e' }, ' a="\\u001b[2J\\u009b\\u2028\\u202e"'],
  [{ a: '\ud800' }, ' a="\\ud800"'],
  [{ a: ['x', 1] }, ' a="[\\"x\\",1]"'],
  [{ a: { c: { d: 1 }, b: 2 } }, ' a.b=2 a.c.d=1'],
  [{ 'a b\n="': 1 }, ' a_b___=1'],
  [{ '': 1 }, ' _=1'],
]

for (const [fields, expected] of cases) {
  test(`logfmt of ${JSON.stringify(fields)}`, () => {
    assert.equal(formatLogfmt({ ...fields, ...entry }), `time=T level=info msg=m${expected}`)
  })
}

test('escaped text is still what it was to a reader of JSON', () => {
  const text = 'a\u007f\u009b\u2028\u{e0001}\u{1f600}é'
  assert.equal(JSON.parse(escapeControls(JSON.stringify(text))), text)
  assert.equal(escapeControls(text), 'a\\u007f\\u009b\\u2028\\udb40\\udc01\u{1f600}é')
})
