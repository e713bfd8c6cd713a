import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { escapeControls, fieldTexts, formatLogfmt } from './logfmt.ts'

const head = { time: '2026-11-24T09:40:00.000Z', level: 'info', message: 'm' } as const
const start = 'time="2026-11-24T09:40:00.000Z" level=info msg=m'

const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{}, ''],
  [{ b: 1, a: true, B: -1.5 }, ' B=-1.5 a=true b=1'],
  [{ a: 'abc-1._/@^+' }, ' a=abc-1._/@^+'],
  [{ a: 'größe' }, ' a="größe"'],
  [{ a: '漢\u{1f600}\u0301' }, ' a="漢\u{1f600}\u0301"'],
  [{ a: 'x y' }, ' a="x y"'],
  [{ a: '' }, ' a='],
  [{ a: null }, ' a="<nil>"'],
  [{ a: 'x=y' }, ' a="x=y"'],
  [{ a: '"\\' }, ' a="\\"\\\\"'],
  [{ a: '\n\r\t\u0007\b\f\v' }, ' a="\\n\\r\\t\\a\\b\\f\\v"'],
  [{ a: '\u0000\u001b\u007f' }, ' a="\\x00\\x1b\\x7f"'],
  [{ a: '\u009b\u00a0\u2028\u202e\ufeff' }, ' a="\\u009b\\u00a0\\u2028\\u202e\\ufeff"'],
  [{ a: '\u{e0001}' }, ' a="\\U000e0001"'],
  [{ a: '\ud800' }, ' a="\\ud800"'],
  [{ a: ['x', 1] }, ' a="[\\"x\\",1]"'],
  [{ a: { c: { d: 1 }, b: 2 } }, ' a.b=2 a.c.d=1'],
  [{ a: { b: { c: { d: { e: { f: 1 } } } } } }, ' a.b.c.d.e="{\\"f\\":1}"'],
  [{ a: new Date(0) }, ' a="1970-01-01T00:00:00.000Z"'],
  [{ a: new URL('http://h/p') }, ' a="http://h/p"'],
  [{ a: new Date(Number.NaN), b: 10n, c: undefined, d: (): void => {} }, ' a="<nil>" b=10'],
  [{ 'a b\n="': 1 }, ' a_b___=1'],
  [{ '': 1 }, ' _=1'],
]

describe('a line of text', () => {
  for (const [fields, expected] of cases) {
    it(`shows ${expected === '' ? 'no fields' : expected.trimStart()}`, () => {
      assert.equal(formatLogfmt({ ...head, fields }), start + expected)
    })
  }

  it('has no message where there is none', () => {
    assert.equal(formatLogfmt({ ...head, message: '', fields: {} }), start.replace(' msg=m', ''))
  })

  it('has the standing fields in their places, but for those that it has itself', () => {
    const standing = fieldTexts({ z: 1, b: 'standing', d: { e: 2 } })
    assert.equal(formatLogfmt({ ...head, fields: {} }, standing), `${start} b=standing d.e=2 z=1`)
    assert.equal(
      formatLogfmt({ ...head, fields: { zz: 1, b: 'own', a: 1, c: 1 } }, standing),
      `${start} a=1 b=own c=1 d.e=2 z=1 zz=1`,
    )
  })

  it('ends, whatever the fields are', () => {
    const circle: Record<string, unknown> = { a: 1 }
    circle['self'] = [circle]
    const failing = { toJSON: (): never => assert.fail() }
    assert.equal(
      formatLogfmt({ ...head, fields: { circle, failing } }),
      `${start} circle.a=1 circle.self="[circular]"`,
    )
  })
})

describe('the text of JSON', () => {
  it('is still what it was to a reader', () => {
    const text = 'a\u007f\u009b\u2028\u{e0001}\u{1f600}é'
    assert.equal(JSON.parse(escapeControls(JSON.stringify(text))), text)
    assert.equal(escapeControls(text), 'a\\u007f\\u009b\\u2028\\udb40\\udc01\u{1f600}é')
  })
})
