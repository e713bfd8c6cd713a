import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf, warningsOf } from '../../src/config/test-load.ts'

const base = 'version: 0.1\nstorage: inmemory\nauth: {htpasswd: {realm: r, path: /etc/berth/htpasswd}}\n'

const rest = 'repositories: [a], allow: [pull]'

/** What is said of a whole file that has this after `version` and so on. */
function refusalOfFile(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  return failureOf(base + text, env)
}

describe('a misspelt key of our own', () => {
  const rows: readonly (readonly [text: string, lines: readonly string[]])[] = [
    [
      `access: {rule: [{who: [anonymous], ${rest}}]}`,
      [
        '4:10: access.rule: unknown key (did you mean rules?); allowed: rules, groups, groupfile, immutable, token',
      ],
    ],
    [
      'access: {rules: [{who: [anonymous], repositories: [a], allow: [push], tag: [x]}]}',
      [
        '4:71: access.rules[0].tag: unknown key (did you mean tags?); allowed: who, repositories, allow, tags',
      ],
    ],
    [
      'access: {token: {expire: 5m}}',
      ['4:18: access.token.expire: unknown key (did you mean expires?); allowed: key, expires, service'],
    ],
    ['audit: {fiel: /a}', ['4:9: audit.fiel: unknown key (did you mean file?); allowed: file']],
    ['acces: {}', ['4:1: acces: unknown key (did you mean access?)']],
    ['Access:', ['4:1: Access: unknown key (did you mean access?)']],
    ['auht: {}', ['4:1: auht: unknown key (did you mean auth?)']],
    ['audits: {}', ['4:1: audits: unknown key (did you mean audit?)']],
    ['access: {groups: {}, groups: {}}', ['4:22: access.groups: given more than once']],
    ['access: {groups: {ci: [a], ci: [b]}}', ['4:28: access.groups.ci: given more than once']],
    [
      'access: {rules: [{who: [anonymous], who: [authenticated], repositories: [a], allow: [push]}]}',
      ['4:37: access.rules[0].who: given more than once'],
    ],
    ['access: {}\naccess: {}', ['5:1: access: given more than once']],
    ['audit: {file: /a, file: /b}', ['4:19: audit.file: given more than once']],
  ]
  for (const [text, lines] of rows)
    it(`is refused: ${text}`, () => {
      assert.deepEqual(
        refusalOfFile(text),
        lines.map((line) => `config.yml:${line}`),
      )
    })

  const variables: readonly (readonly [name: string, value: string, line: string])[] = [
    [
      'REGISTRY_ACCESS_RULE',
      '[]',
      'REGISTRY_ACCESS_RULE: unrecognized environment variable (did you mean REGISTRY_ACCESS_RULES?)',
    ],
    [
      'REGISTRY_ACCES_RULES',
      '[]',
      'REGISTRY_ACCES_RULES: unrecognized environment variable (did you mean REGISTRY_ACCESS_RULES?)',
    ],
    [
      'REGISTRY_AUHT_HTPASSWD_PATH',
      '/a',
      'REGISTRY_AUHT_HTPASSWD_PATH: unrecognized environment variable (did you mean REGISTRY_AUTH_HTPASSWD_PATH?)',
    ],
    [
      'REGISTRY_ACCESS_RULES_0_TAG',
      '[x]',
      'REGISTRY_ACCESS_RULES_0_TAG: unrecognized environment variable (did you mean REGISTRY_ACCESS_RULES_0_TAGS?)',
    ],
    ['REGISTRY_AUDIT_FILE_NAME', '/a', 'REGISTRY_AUDIT_FILE_NAME: unrecognized environment variable'],
    [
      'REGISTRY_ACCESS',
      '{rule: []}',
      'REGISTRY_ACCESS: access.rule: unknown key (did you mean rules?); allowed: rules, groups, groupfile, immutable, token',
    ],
    ['REGISTRY_ACCESS', '{groups: {}, groups: {}}', 'REGISTRY_ACCESS: access.groups: given more than once'],
  ]
  for (const [name, value, line] of variables)
    it(`is refused as a variable: ${name}=${value}`, () => {
      assert.deepEqual(refusalOfFile('', { [name]: value }), [line])
    })

  it('is none of what Kubernetes makes for services, nor of what Distribution has', () => {
    const env = {
      REGISTRY_ACCESS_PORT: 'x',
      REGISTRY_AUDIT_SERVICE_HOST: 'x',
      REGISTRY_AUTHS_PORT_80_TCP: 'x',
    }
    assert.deepEqual(refusalOfFile('http: {adr: x, addr: a:1, addr: a:2}\nworkers: 1\n', env), [])
    assert.equal(warningsOf(base, env).length, 3)
    assert.deepEqual(warningsOf(`${base}http: {addr: a:1, addr: a:2}`), [
      'config.yml:4:19: http.addr: given more than once, the last one counts',
    ])
  })
})

describe('access without rules', () => {
  it('is refused when there is a key for them', () => {
    const text =
      'access.rules: empty: leave the key out, and whoever is let in may do everything, or write a rule'
    assert.deepEqual(refusalOfFile('access: {rules: }'), [`config.yml:4:10: ${text}`])
    assert.deepEqual(refusalOfFile('access:\n  rules: []\n'), [`config.yml:5:3: ${text}`])
    assert.deepEqual(refusalOfFile('', { REGISTRY_ACCESS_RULES: '' }), [`REGISTRY_ACCESS_RULES: ${text}`])
    const one = `{who: [anonymous], ${rest}}`
    assert.deepEqual(refusalOfFile('access: {rules: []}', { REGISTRY_ACCESS_RULES_0: one }), [])
  })

  const none = 'no effect without access.rules: whoever is let in may do everything'
  const rule = `rules: [{who: [authenticated], ${rest}}]`
  const tokens =
    'version: 0.1\nstorage: inmemory\nauth: {token: {realm: r, service: s, issuer: i, jwks: /j}}\n'
  const rows: readonly (readonly [text: string, lines: readonly string[]])[] = [
    [`${base}access:`, [`4:1: access: ${none}`]],
    [`${base}access: {}`, [`4:1: access: ${none}`]],
    [`${base}access: {groups: {a: [b]}}`, [`4:10: access.groups: ${none}`]],
    [`${base}access: {groupfile: /g}`, [`4:10: access.groupfile: ${none}`]],
    [`${base}access: {token: {expires: 9m}}`, [`4:10: access.token: ${none}`]],
    [`${base}access: {immutable: [v1]}`, []],
    [
      `${base}access: {token: {expires: 9m}, ${rule}}`,
      [
        '4:10: access.token: no effect without a rule for anonymous: clients send their password, and get no tokens',
      ],
    ],
    [`${base}access: {token: {expires: 9m}, ${rule.replace('authenticated', 'anonymous')}}`, []],
    [
      `${tokens}access: {token: {key: /k}, ${rule.replace('authenticated', 'anonymous')}}`,
      ['4:10: access.token: no effect beside auth.token, whose server makes the tokens'],
    ],
  ]
  for (const [text, lines] of rows)
    it(`${lines.length === 0 ? 'is' : 'is not'} silent about ${text.split('\n').at(-1)}`, () => {
      assert.deepEqual(
        warningsOf(text),
        lines.map((line) => `config.yml:${line}`),
      )
    })
})
