import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { describeRepeated, parseYaml } from './document.ts'
import { toPlain } from './plain.ts'
import { describeSource } from './source.ts'
import { sourcesOf } from './tree.ts'

const origin = { file: 'config.yml' }

function plain(text: string): unknown {
  return toPlain(parseYaml(text, origin).tree)
}

// What yaml.v2 of Go makes of a value without a type.
const values: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['yes', true],
  ['On', true],
  ['n', false],
  ['OFF', false],
  ['"yes"', 'yes'],
  ['0123', 83],
  ["'0123'", '0123'],
  ['0x1F', 31],
  ['0b11', 3],
  ['1_000', 1000],
  ['-5', -5],
  ['1.5', 1.5],
  ['1e3', 1000],
  ['~', undefined],
  ['', undefined],
  // Of base 60 in YAML 1.1; Go knows better.
  ['22:30', '22:30'],
  ['2026-11-24', '2026-11-24'],
  [':5000', ':5000'],
  ['0.0.0.0:5000', '0.0.0.0:5000'],
  ['${HOME}', '${HOME}'],
  ['[a, 1]', ['a', 1]],
  ['{a: {b: 1}}', { a: { b: 1 } }],
]

for (const [text, expected] of values) {
  test(`the value ${JSON.stringify(text)}`, () => {
    assert.deepEqual(plain(text), expected)
  })
}

test('anchors, aliases and merge keys are resolved', () => {
  const text =
    'a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [{z: 1}, {z: 2, w: 3}]}\n"e": {"<<": 1}\n'
  assert.deepEqual(plain(text), {
    a: { x: 1, y: 2 },
    b: { x: 1, y: 2 },
    c: { x: 1, y: 3 },
    d: { z: 1, w: 3 },
    e: { '<<': 1 },
  })
})

test('every value has its place', () => {
  const { tree } = parseYaml('a:\n  b: 1\n  c:\n    - x\n    - y: 2\n', origin)
  const places = [...sourcesOf(tree)].map(([path, source]) => `${path} ${describeSource(source)}`)
  assert.deepEqual(places.toSorted(), [
    'a config.yml:2:3',
    'a.b config.yml:2:6',
    'a.c config.yml:4:5',
    'a.c[0] config.yml:4:7',
    'a.c[1] config.yml:5:7',
    'a.c[1].y config.yml:5:10',
  ])
})

test('of two equal keys the last counts, with a warning', () => {
  const { tree, repeated } = parseYaml('a: 1\nb: 2\na: 3\n', origin)
  assert.deepEqual(toPlain(tree), { a: 3, b: 2 })
  assert.deepEqual(repeated.map(describeRepeated), [
    'config.yml:3:1: a: given more than once, the last one counts',
  ])
})

test('keys that every JavaScript object has are keys like any other', () => {
  const object = plain('__proto__: {a: 1}\nconstructor: 2\n') as object
  assert.deepEqual(Object.keys(object), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(object), Object.prototype)
})

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefgh'.split('').map((name, index) => {
    const before = 'abcdefg'[index] ?? ''
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`
  }),
].join('\n')

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['a: "x\n', /^config\.yml:2:1: not valid YAML: a closing quote/],
  ['a: 1\n b: 2\n', /^config\.yml:1:4: not valid YAML: a nested map.*$/],
  ['a: b: c\n', /^config\.yml:1:4: not valid YAML: a nested map/],
  ['a:\n\t- b\n', /^config\.yml:2:1: not valid YAML/],
  ['a: 1\n---\nb: 2\n', /^config\.yml:2:1: must hold one YAML document/],
  ['a: *x\n', /^config\.yml:1:4: (a: alias of an anchor|not valid YAML: bad alias)/],
  ['a: &a [*a]\n', /^config\.yml:1:7: an anchor must not hold an alias of itself$/],
  ['{a: {<<: 1}}\n', /^config\.yml:1:10: a: only maps can be merged/],
  ['[a]: 1\n', /^config\.yml:1:1: a key must be plain text$/],
  [`a: ${'['.repeat(60)}${']'.repeat(60)}`, /too large/],
  [bomb, /too large/],
]

for (const [text, expected] of mistakes) {
  test(`the mistake in ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.throws(
      () => parseYaml(text, origin),
      (error) => error instanceof ConfigError && expected.test(error.message),
    )
  })
}

test('an error of syntax does not quote the text', () => {
  for (const text of [
    'secret: *hunter2',
    'secret: %hunter2',
    'secret: @hunter2',
    'secret: "a" hunter2',
    'secret: ]hunter2',
  ]) {
    assert.throws(
      () => parseYaml(text, origin),
      (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
      text,
    )
  }
})
