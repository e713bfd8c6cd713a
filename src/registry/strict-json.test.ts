import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseStrictJson } from './strict-json.ts'

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text))

void test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), undefined, indent)
      assert.deepEqual(parse(text), JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

void test('what is no JSON is refused, as JSON.parse does, whatever it looks like', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    ' ',
    '\n',
    'a',
    '1',
    'null',
    '"a"',
    '"a":',
    '\\"',
    '\\u0061',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        assert.throws(() => parse(text), SyntaxError)
        return
      }
      try {
        assert.deepEqual(parse(text), expected)
      } catch (error) {
        assert.match(String(error), /duplicate key/)
      }
    }),
    { numRuns: 3000 },
  )
})

void test('a key that an object has twice is refused, wherever and however it is written', () => {
  const wrap: readonly ((inner: string) => string)[] = [
    (inner) => inner,
    (inner) => `[1,${inner}]`,
    (inner) => `{"x":{"y":[${inner}]}}`,
    (inner) => `[[],{},"}",${inner}]`,
  ]
  const keys = fc.string({ unit: fc.constantFrom('a', '"', '\\', '{', ':', 'é', '\u{1f600}', ' ') })
  fc.assert(
    fc.property(keys, fc.constantFrom(...wrap), fc.boolean(), (key, inside, escaped) => {
      const plain = JSON.stringify(key)
      const other = escaped ? escapedString(key) : plain
      assert.throws(() => parse(inside(`{${plain}:1,"other":{},${other}:2}`)), /duplicate key/)
      // The same key in another object is no repetition.
      parse(inside(`[{${plain}:{${other}:1}},{${other}:2}]`))
    }),
  )
})

void test('keys of Object.prototype are keys like others', () => {
  assert.deepEqual(Object.keys(parse('{"__proto__":1,"constructor":2,"toString":3}') as object), [
    '__proto__',
    'constructor',
    'toString',
  ])
  assert.throws(() => parse('{"__proto__":1,"__proto__":2}'), /duplicate key/)
})

void test('depth is bounded', () => {
  parse('['.repeat(100) + ']'.repeat(100))
  assert.throws(() => parse('['.repeat(101) + ']'.repeat(101)), /nested/)
  assert.throws(() => parse('{"a":'.repeat(101) + '1' + '}'.repeat(101)), /nested/)
  assert.throws(() => parse('['.repeat(4_000_000)), SyntaxError)
})

void test('what is not UTF-8 is refused, a byte order mark too', () => {
  assert.throws(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22])), /UTF-8/)
  assert.throws(() => parseStrictJson(Buffer.from('\ufeff{}')), SyntaxError)
  assert.throws(() => parseStrictJson(Buffer.from('{}', 'utf16le')), SyntaxError)
})

void test('text that breaks off is refused', () => {
  for (const text of ['', ' ', '{', '"', '"\\', '{"a', '{"a":', '{"a":1', '[1,', 'nul']) {
    assert.throws(() => parse(text), SyntaxError, text)
  }
})

/** JSON in which each UTF-16 unit is written as its number. */
function escapedString(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) =>
    text.charCodeAt(at).toString(16).padStart(4, '0'),
  )
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`
}
