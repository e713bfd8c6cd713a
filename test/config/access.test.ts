import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accessRules, immutablePatterns } from '../../src/config/access-rules.ts'
import { distributionLayout } from '../../src/config/distribution-layout.ts'
import { effectiveTree } from '../../src/config/effective.ts'
import { printYaml } from '../../src/config/print.ts'
import { failureOf, loadText } from '../../src/config/test-load.ts'

const base = 'version: 0.1\nstorage: inmemory\nauth: {htpasswd: {realm: r, path: /etc/berth/htpasswd}}\n'

const whole = `${base}access:
  rules:
    - who: [group:admins]
      repositories: ["**"]
      allow: [all]
    - { who: [authenticated], repositories: ["users/{user}/**"], allow: [Pull, push] }
    - { who: ["user:a b:c", "claim:https://x/groups=dev=1"], repositories: [apps/*, "lib-*/**"], allow: [push], tags: ["release-*"] }
    - { who: [anonymous], repositories: [library/debian], allow: [pull, list] }
  groups: { admins: [alice, "o'hara"] }
  immutable: ["v*", "prod/**:*"]
  token: { key: /k.pem, expires: 10m, service: registry.example.com }
`

/** One rule of a file that is otherwise right, and what is said of it. */
function refusalOf(rule: string, more = ''): readonly string[] {
  return failureOf(`${base}access:\n  rules:\n    - ${rule}\n${more}`)
}

function immutableRefusal(text: string): readonly string[] {
  return failureOf(`${base}access: {immutable: [${JSON.stringify(text)}]}\n`)
}

function groupsRefusal(groups: string): readonly string[] {
  return failureOf(`${base}access: {groups: ${groups}}\n`)
}

const rest = 'repositories: [a], allow: [pull]'
const whoAllowed = 'anonymous, authenticated, user:NAME, group:NAME, claim:NAME=VALUE'

describe('access', () => {
  it('is nothing by default', () => {
    const { config } = loadText(base)
    assert.deepEqual(config.access, {
      rules: [],
      groups: {},
      immutable: [],
      token: { expires: 300_000, service: 'berth' },
    })
  })

  it('keeps what was written', () => {
    const { config } = loadText(whole)
    assert.deepEqual(config.access.rules[1], {
      who: ['authenticated'],
      repositories: ['users/{user}/**'],
      allow: ['pull', 'push'],
    })
    assert.deepEqual(config.access.token, {
      key: '/k.pem',
      expires: 600_000,
      service: 'registry.example.com',
    })
    assert.deepEqual(config.access.groups, { admins: ['alice', "o'hara"] })
  })

  it('is printed as it was written, each word with its place, and loads again', () => {
    const loaded = loadText(whole)
    const printed = printYaml(effectiveTree(loaded, distributionLayout))
    assert.match(printed, /- group:admins # config\.yml:6\n|- "group:admins" # config\.yml:6\n/)
    assert.match(printed, /allow:\n {8}- all # config\.yml:8\n/)
    assert.match(printed, /expires: 10m # /)
    assert.match(printed, /key: \/k\.pem # /)
    assert.deepEqual(loadText(printed).config.access, loaded.config.access)
  })

  it('becomes rules that know where they stand', () => {
    const { config, sources, file = '' } = loadText(whole)
    const rules = accessRules(config.access, sources)
    assert.deepEqual(rules[0], {
      who: [{ kind: 'group', name: 'admins' }],
      repositories: ['**'],
      allow: ['pull', 'push', 'delete', 'list'],
      tags: [],
      key: 'access.rules[0]',
      place: `${file}:6:7`,
    })
    assert.deepEqual(rules[2]?.who, [
      { kind: 'user', name: 'a b:c' },
      { kind: 'claim', name: 'https://x/groups', value: 'dev=1' },
    ])
    assert.deepEqual(rules[2]?.tags, ['release-*'])
    assert.deepEqual(immutablePatterns(config.access), [
      { repositories: '**', tags: 'v*' },
      { repositories: 'prod/**', tags: '*' },
    ])
  })

  it('may be set by variables', () => {
    const { config, sources } = loadText(base, {
      REGISTRY_ACCESS_RULES: '[{who: [anonymous], repositories: ["**"], allow: [pull]}]',
      REGISTRY_ACCESS_RULES_0_ALLOW_1: 'list',
      REGISTRY_ACCESS_TOKEN_SERVICE: 'x',
    })
    assert.deepEqual(config.access.rules[0]?.allow, ['pull', 'list'])
    assert.equal(accessRules(config.access, sources)[0]?.place, 'REGISTRY_ACCESS_RULES')
    assert.equal(config.access.token.service, 'x')
  })
})

describe('a mistake in access', () => {
  const rows: readonly (readonly [rule: string, line: string])[] = [
    [
      `{who: [alice], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "alice"; allowed: ${whoAllowed} (did you mean user:alice?)`,
    ],
    [
      `{who: [anonymus], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "anonymus"; allowed: ${whoAllowed} (did you mean anonymous?)`,
    ],
    [
      `{who: ["gruop:ci"], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "gruop:ci"; allowed: ${whoAllowed} (did you mean group:ci?)`,
    ],
    [
      `{who: ["user:"], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "user:"; allowed: ${whoAllowed}`,
    ],
    [
      `{who: ["user: a"], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "user: a"; allowed: ${whoAllowed} (did you mean user:a?)`,
    ],
    [
      `{who: ["claim:team"], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "claim:team"; allowed: ${whoAllowed}`,
    ],
    ...[
      ['everyone', 'anonymous'],
      ['all', 'anonymous'],
      ['*', 'anonymous'],
      ['users:x', 'user:x'],
      ['group: ci', 'group:ci'],
      ['claims:a=b', 'claim:a=b'],
    ].map(([found = '', meant = '']): readonly [string, string] => [
      `{who: ["${found}"], ${rest}}`,
      `config.yml:6:14: access.rules[0].who[0]: found "${found}"; allowed: ${whoAllowed} (did you mean ${meant}?)`,
    ]),
    [
      `{who: [group: ci], ${rest}}`,
      'config.yml:6:14: access.rules[0].who[0]: found a map; allowed: text (write group:ci, without the space)',
    ],
    [
      `{who: anonymous, ${rest}}`,
      'config.yml:6:13: access.rules[0].who: found "anonymous"; allowed: a list (write [anonymous])',
    ],
    [
      `{who: ["group:ci"], repositories: "apps/**, x", allow: [pull]}`,
      'config.yml:6:41: access.rules[0].repositories: found "apps/**, x"; allowed: a list (write ["apps/**", x])',
    ],
    [
      `{who: ["group:ci"], repositories: [a], allow: pull}`,
      'config.yml:6:53: access.rules[0].allow: found "pull"; allowed: a list (write [pull])',
    ],
    [
      `{who: ["group:ci"], repositories: [**], allow: [pull]}`,
      'config.yml:6:42: access.rules[0].repositories[0]: alias of an anchor that does not exist (quote a value that starts with * or holds {)',
    ],
    [
      `{who: ["group:ci"], repositories: [users/{user}/**], allow: [pull]}`,
      'config.yml:6:48: not valid YAML: a closing quote, bracket, comma, colon or space is missing (quote a value that starts with * or holds {)',
    ],
    [
      `{who: ["group:ci"], repositories: [{user}/x], allow: [pull]}`,
      'config.yml:6:48: not valid YAML: unexpected character (quote a value that starts with * or holds {)',
    ],
    [
      `{who: ["group:xy"], ${rest}}`,
      'config.yml:6:14: access.rules[0].who[0]: found "group:xy"; allowed: group:ci',
    ],
    [
      `{who: [], ${rest}}`,
      'config.yml:6:13: access.rules[0].who: found a list; allowed: one or more names such as anonymous or user:alice',
    ],
    [
      `{${rest}}`,
      'config.yml:6:7: access.rules[0].who: missing; allowed: a list of names such as anonymous or user:alice',
    ],
    [
      `{who: [anonymous], repositories: [a], allow: [pul]}`,
      'config.yml:6:53: access.rules[0].allow[0]: found "pul"; allowed: pull, push, delete, list, all (did you mean pull?)',
    ],
    [
      `{who: [anonymous], repositories: [a], allow: [pull], tags: [v1]}`,
      'config.yml:6:66: access.rules[0].tags: found a list; allowed: no tags without push in allow, since they restrict pushes alone',
    ],
    [
      `{who: [anonymous], repositories: [a], allow: [push], tags: []}`,
      'config.yml:6:66: access.rules[0].tags: found a list; allowed: one or more patterns of tags; without the key, any',
    ],
    [
      `{who: [anonymous], repositories: [a], allow: [push], tags: [".x"]}`,
      'config.yml:6:67: access.rules[0].tags[0]: found ".x"; allowed: a pattern of tags, such as latest, release-* or *',
    ],
    [
      `{who: ["group:cii"], ${rest}}`,
      'config.yml:6:14: access.rules[0].who[0]: found "group:cii"; allowed: group:ci (did you mean group:ci?)',
    ],
  ]
  for (const [rule, line] of rows) {
    it(`is told of: ${rule}`, () => {
      assert.deepEqual(refusalOf(rule, '  groups: {ci: [bot]}\n'), [line])
    })
  }

  it('is a pattern that no repository matches', () => {
    const bad = [
      '/a',
      'a/',
      'a//b',
      '',
      'A',
      'a**',
      '**b',
      '***',
      'x-{user}',
      '{user}*',
      '{name}',
      '.a',
      'a/..',
      'a:b',
    ]
    for (const pattern of [...bad, 'a/_*', '*.', 'a b', 'ä', 'a'.repeat(256)]) {
      const [line = '', ...others] = refusalOf(
        `{who: [anonymous], repositories: [${JSON.stringify(pattern)}], allow: [pull]}`,
      )
      assert.match(
        line,
        /access\.rules\[0\]\.repositories\[0\]: found ".*; allowed: a pattern of repositories/,
      )
      assert.deepEqual(others, [], pattern)
    }
    const good = [
      'a',
      '*',
      '**',
      'a/**/b',
      '{user}',
      'a/{user}',
      'a*',
      '*-*',
      'a.*',
      '*_*',
      'a__b',
      '**/**',
      '*.b/*',
    ]
    for (const pattern of good) {
      const rule = `{who: [anonymous], repositories: [${JSON.stringify(pattern)}], allow: [pull]}`
      assert.deepEqual(refusalOf(rule), [], pattern)
    }
  })

  it('is a group that is nowhere, unless a file may have it; also beside other mistakes', () => {
    const unknown = `config.yml:6:14: access.rules[0].who[0]: found "group:ci"; allowed: a group of access.groups, or of access.groupfile`
    assert.deepEqual(refusalOf(`{who: ["group:ci"], ${rest}}`), [unknown])
    assert.deepEqual(refusalOf(`{who: ["group:ci"], ${rest}}`, '  groupfile: /g\n'), [])
    assert.deepEqual(refusalOf(`{who: ["group:ci"], ${rest}}`, '  token: {expires: 1s}\n  immutable: x\n'), [
      unknown,
      'config.yml:7:20: access.token.expires: found "1s"; allowed: a duration of a minute or more, such as 5m',
      'config.yml:8:14: access.immutable: found "x"; allowed: a list (write [x])',
    ])
  })

  it('is a pattern of immutable tags without tags', () => {
    const allowed = 'allowed: [REPOSITORY:]TAG, such as v* or prod/**:*'
    const place = 'config.yml:4:22: access.immutable[0]: found'
    assert.deepEqual(immutableRefusal('prod/**'), [
      `${place} "prod/**"; ${allowed} (did you mean prod/**:*?)`,
    ])
    for (const bad of ['', 'a:', ':v1', 'a:b:c', '{user}/a:*', 'v**', 'A/b:*'])
      assert.deepEqual(immutableRefusal(bad), [`${place} ${JSON.stringify(bad)}; ${allowed}`])
    for (const good of ['v*', '*', 'prod/**:*', 'a:v1', '**:latest'])
      assert.deepEqual(immutableRefusal(good), [])
  })

  it('is the name of a group or user that no file could write', () => {
    assert.match(groupsRefusal('{"a b": [x]}')[0] ?? '', /found a list; allowed: the name of a group/)
    assert.match(groupsRefusal('{a: [""]}')[0] ?? '', /found ""; allowed: the name of a user/)
    assert.match(groupsRefusal('{a: x}')[0] ?? '', /found "x"; allowed: a list/)
    assert.deepEqual(groupsRefusal('{a: []}'), [])
  })
})
