import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCommandLine, usage } from './command-line.ts'

const parse = (line: string): ReturnType<typeof parseCommandLine> => parseCommandLine(line.split(' '))

const argument = (password: string): object => ({ kind: 'argument', password })
const prompt = { kind: 'prompt' }

describe('the command line', () => {
  const cases: Readonly<Record<string, object>> = {
    'f u': { action: 'set', file: 'f', user: 'u', source: prompt, cost: 10 },
    '-B f u': { action: 'set', file: 'f', user: 'u', source: prompt, cost: 10 },
    '-c f u': { action: 'create', file: 'f', user: 'u', source: prompt, cost: 10 },
    '-Bbc f u p': { action: 'create', file: 'f', user: 'u', source: argument('p'), cost: 10 },
    '-B -b -c f u p': { action: 'create', file: 'f', user: 'u', source: argument('p'), cost: 10 },
    '-Bbn u p': { action: 'print', user: 'u', source: argument('p'), cost: 10 },
    '-nbB u p': { action: 'print', user: 'u', source: argument('p'), cost: 10 },
    '-n u': { action: 'print', user: 'u', source: prompt, cost: 10 },
    '-ni u': { action: 'print', user: 'u', source: { kind: 'input' }, cost: 10 },
    '-D f u': { action: 'delete', file: 'f', user: 'u', source: prompt, cost: 10 },
    '-vb f u p': { action: 'verify', file: 'f', user: 'u', source: argument('p'), cost: 10 },
    '-BC4 -bn u p': { action: 'print', user: 'u', source: argument('p'), cost: 4 },
    '-bnBC 17 u p': { action: 'print', user: 'u', source: argument('p'), cost: 17 },
    // What follows the first argument that is no option is none.
    '-bn u -p': { action: 'print', user: 'u', source: argument('-p'), cost: 10 },
    '-b f u -n': { action: 'set', file: 'f', user: 'u', source: argument('-n'), cost: 10 },
    '-bn -- -u -p': { action: 'print', user: '-u', source: argument('-p'), cost: 10 },
    '-n -': { action: 'print', user: '-', source: prompt, cost: 10 },
  }
  for (const [line, command] of Object.entries(cases)) {
    it(`means the same as Apache's: ${line}`, () => assert.deepEqual(parse(line), command))
  }

  it('that names an empty password names one', () => {
    assert.deepEqual(parseCommandLine(['-bn', 'u', '']).source, argument(''))
  })
})

describe('a mistake is told', () => {
  const cases: readonly (readonly [string, RegExp, boolean?])[] = [
    ['', /^1 argument where 2 belong$/, true],
    ['f', /^1 argument where 2 belong$/, true],
    ['-b', /^no arguments where 3 belong$/, true],
    ['-n u p', /^2 arguments where 1 belongs$/, true],
    ['-Bbn u p x', /^3 arguments where 2 belong$/, true],
    ['-nc f', /^only one of -c -n -v -D may be specified$/],
    ['-D -v f u', /^only one of -c -n -v -D/],
    ['-bi f u p', /^only one of -b -i/, true],
    ['-q f u', /^illegal option -- q$/, true],
    ['-B😀 f u', /^illegal option -- 😀$/, true],
    ['--verbose f u', /^illegal option -- -$/, true],
    ['-n u -C', /^2 arguments where 1 belongs$/, true],
    ['-bnC', /^option requires an argument -- C$/, true],
    ['-C x -bn u p', /^argument to -C must be a whole number from 4 to 17$/],
    ['-C 3 -bn u p', /from 4 to 17$/],
    ['-C 18 -bn u p', /from 4 to 17$/],
    ['-C -5 -bn u p', /from 4 to 17$/],
    ['-C 1e1 -bn u p', /from 4 to 17$/],
    ['-m f u', /^-m is for MD5 hashes \(apr1\), and registries understand bcrypt alone \(-B\)$/],
    ['-bnB2 u p', /^-2 is for SHA-256/],
    ['-5 f u', /^-5 is for SHA-512/],
    ['-s f u', /^-s is for SHA-1/],
    ['-d f u', /^-d is for DES/],
    ['-p f u', /^-p is for plain text/],
    ['-r 5000 f u', /^-r is for SHA-256 and SHA-512/],
  ]
  for (const [line, message, wantsUsage = false] of cases) {
    it(line, () =>
      assert.throws(() => parse(line), { name: 'HtpasswdError', exitCode: 2, message, wantsUsage }),
    )
  }

  it('in the name of a user', () => {
    assert.throws(() => parse('-n a:b'), {
      exitCode: 6,
      message: "username contains illegal character ':'",
    })
    assert.equal(parse(`-n ${'é'.repeat(127)}`).user.length, 127)
    assert.throws(() => parse(`-n ${'é'.repeat(128)}`), { exitCode: 5, message: 'username too long (> 255)' })
  })
})

it('the usage names every option that is understood, and no other', () => {
  const named = [...usage.matchAll(/^ {2}-(\w) {2}/gm)].map(([, letter]) => letter)
  assert.deepEqual(new Set(named), new Set(['B', 'C', 'c', 'n', 'b', 'i', 'D', 'v']))
})
