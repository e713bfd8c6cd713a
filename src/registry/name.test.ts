import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RegistryError } from './errors.ts'
import { isRepositoryName, parseRepositoryName } from './name.ts'

const good: readonly string[] = [
  'a',
  '0',
  'library/debian',
  'a.b',
  'a_b',
  'a__b',
  'a-b',
  'a---b',
  'a/b/c/d/e/f',
  'a.b_c__d-e/f',
  'manifests/blobs/tags/list',
  'a'.repeat(255),
]

const bad: readonly string[] = [
  '',
  '/',
  'A',
  'Library/debian',
  'a/',
  '/a',
  'a//b',
  '.a',
  'a.',
  '-a',
  'a-',
  '_a',
  'a_',
  'a___b',
  'a..b',
  'a._b',
  'a-_b',
  '_catalog',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a b',
  'a\n',
  'a\0',
  'ä',
  'a:5000/b',
  'a%2fb',
  'a\\b',
  'a'.repeat(256),
  'a/'.repeat(128),
]

for (const name of good) {
  void test(`${name.slice(0, 40)} is a name`, () => assert.equal(parseRepositoryName(name), name))
}

for (const name of bad) {
  void test(`${JSON.stringify(name).slice(0, 40)} is no name`, () => {
    assert.equal(isRepositoryName(name), false)
    assert.throws(
      () => parseRepositoryName(name),
      (error: unknown) => error instanceof RegistryError && error.code === 'NAME_INVALID',
    )
  })
}

void test('the error of a huge name is small', () => {
  assert.throws(
    () => parseRepositoryName('a'.repeat(1_000_000)),
    (error: unknown) => JSON.stringify((error as RegistryError).detail).length < 400,
  )
})

void test('a name never leaves its folder, nor takes one of those that begin with an underscore', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '0', '.', '_', '-', '/', 'A', '\n', '%') }),
      (text) => {
        if (!isRepositoryName(text)) return
        for (const component of text.split('/')) assert.match(component, /^[a-z0-9].*[a-z0-9]$|^[a-z0-9]$/)
      },
    ),
    { numRuns: 2000 },
  )
})

void test('a name that almost fits is refused in no time', () => {
  const start = performance.now()
  assert.equal(isRepositoryName(`${'a-'.repeat(127)}!`), false)
  assert.equal(isRepositoryName(`${'a'.repeat(254)}!`), false)
  assert.equal(isRepositoryName(`a${'-'.repeat(253)}!`), false)
  assert.ok(performance.now() - start < 100)
})
