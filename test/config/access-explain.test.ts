import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { explainAccess, type ExplainOptions } from '../../src/cli/access.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { run, type RunResult } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder({ after: (cleanUp) => after(cleanUp) })

function file(name: string, content: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  return path
}

const groups = file('groups', 'ci: bot\n')
const auth = 'auth: {token: {realm: r, service: s, issuer: i, jwks: /etc/berth/jwks.json}}\n'
const config = file(
  'config.yml',
  `version: 0.1
storage: inmemory
${auth}access:
  groupfile: ${groups}
  groups: { admins: [alice] }
  rules:
    - { who: [group:admins], repositories: ["**"], allow: [all] }
    - { who: [group:ci], repositories: ["apps/**"], allow: [push, list], tags: ["release-*"] }
    - { who: ["claim:team=dev"], repositories: ["dev/**"], allow: [pull, list] }
    - { who: [anonymous], repositories: ["**"], allow: [pull, list] }
`,
)

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function explain(options: ExplainOptions, path = config): Promise<Outcome> {
  const said = { out: '', err: '' }
  const code = await explainAccess(path, options, {
    env: {},
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
  })
  return { code, ...said }
}

describe('access explain', () => {
  it('says that something is allowed, and by which rule, word and pattern', async () => {
    const { code, out, err } = await explain({
      user: 'bot',
      action: 'push',
      repository: 'apps/web',
      tag: 'release-1',
    })
    assert.equal(err, '')
    assert.equal(code, 0)
    assert.equal(
      out,
      `allowed: bot may push apps/web:release-1

${config}:9:7: access.rules[1] decides: the rule allows it
  who           group:ci means bot
  repositories  apps/** matches apps/web
  allow         push, list, and with push pull
  tags          release-*

earlier rules, which do not match:
  ${config}:8:7: access.rules[0]: about others: group:admins
`,
    )
  })

  it('says that something is denied', async () => {
    const byTag = await explain({ user: 'bot', action: 'push', repository: 'apps/web', tag: 'v1' })
    assert.equal(byTag.code, 1)
    assert.match(
      byTag.out,
      /^denied: bot may not push apps\/web:v1\n\n.* decides: the rule does not allow that tag\n/,
    )
    const elsewhere = await explain({ user: 'bot', action: 'push', repository: 'lib' })
    assert.equal(elsewhere.code, 1)
    assert.match(
      elsewhere.out,
      /access\.rules\[3\] decides: the rule does not allow that\n {2}who {11}anonymous means bot\n/,
    )
    assert.match(elsewhere.out, /access\.rules\[1\]: about other repositories: apps\/\*\*\n/)
  })

  it('knows whoever is not logged in, and claims', async () => {
    const anonymous = await explain({ anonymous: true, action: 'delete', repository: 'a' })
    assert.equal(anonymous.code, 1)
    assert.match(anonymous.out, /^denied: somebody who is not logged in may not delete a\n/)
    const claim = await explain({ claim: ['team=ops', 'team=dev'], action: 'pull', repository: 'dev/x' })
    assert.equal(claim.code, 0)
    assert.match(claim.out, /claim:team=dev means a token without a name/)
  })

  it('says so when no rule is about it', async () => {
    const closed = file(
      'closed.yml',
      `version: 0.1\nstorage: inmemory\n${auth}access: {rules: [{who: ["user:a"], repositories: [a], allow: [pull]}]}\n`,
    )
    const { code, out } = await explain({ user: 'b', action: 'pull', repository: 'a' }, closed)
    assert.equal(code, 1)
    assert.match(out, /no rule is about it, and what no rule is about is denied\n\nrules:\n/)
  })

  it('says of an immutable tag what it needs beside the rules', async () => {
    const text = `version: 0.1\nstorage: inmemory\n${auth}access:
  immutable: ["v*", "prod/**:*"]
  rules: [{who: ["user:a"], repositories: ["**"], allow: [push], tags: ["v*", "x"]}]\n`
    const fixed = file('fixed.yml', text)
    const push = (tag: string, more: ExplainOptions = {}): Promise<Outcome> =>
      explain({ user: 'a', action: 'push', repository: 'b', tag, ...more }, fixed)
    assert.match(
      (await push('v1')).out,
      /^allowed: .*\nv1 is immutable: only if the tag is not there yet, or has this manifest\n\n/,
    )
    assert.doesNotMatch((await push('x')).out, /immutable/)
    assert.match((await push('x', { repository: 'prod/b' })).out, /x is immutable/)
    const flagOf = async (tag: string): Promise<unknown> =>
      (JSON.parse((await push(tag, { json: true })).out) as { immutable: unknown }).immutable
    assert.deepEqual([await flagOf('v1'), await flagOf('x')], [true, false])
    const denied = await push('v1', { user: 'b' })
    assert.equal(denied.code, 1)
    assert.doesNotMatch(denied.out, /immutable/)
  })

  it('warns as serve and config check do', async () => {
    const rules = '[{who: ["claim:a=b"], repositories: [a], allow: [pull]}]'
    const htpasswd = 'auth: {htpasswd: {realm: r, path: /etc/berth/htpasswd}}\n'
    const odd = file('odd.yml', `version: 0.1\nstorage: inmemory\n${htpasswd}access:\n  rules: ${rules}\n`)
    const place = `${odd}:5:11: access.rules[0]`
    assert.deepEqual((await explain({ user: 'a', action: 'pull', repository: 'a' }, odd)).err.split('\n'), [
      `warning: ${place}: is about nobody: only tokens of auth.token have claims`,
      '',
    ])
  })

  it('writes JSON', async () => {
    const { code, out } = await explain({ user: 'bot', action: 'pull', repository: 'apps', json: true })
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(out), {
      allowed: true,
      reason: 'the rule allows it',
      user: 'bot',
      action: 'pull',
      repository: 'apps',
      rule: {
        key: 'access.rules[1]',
        place: `${config}:9:7`,
        match: { who: 'group:ci', repositories: 'apps/**' },
      },
      passedOver: [{ key: 'access.rules[0]', place: `${config}:8:7`, because: 'who' }],
    })
  })

  const mistakes: readonly (readonly [ExplainOptions, string])[] = [
    [{ action: 'pull', repository: 'a' }, 'who asks? --user NAME, --claim NAME=VALUE or --anonymous'],
    [{ user: 'a', repository: 'a' }, '--action: missing; allowed: pull, push, delete, list'],
    [
      { user: 'a', action: 'read', repository: 'a' },
      '--action: found "read"; allowed: pull, push, delete, list',
    ],
    [
      { user: 'a', action: 'pull', repository: 'A' },
      '--repository: found "A"; allowed: a name such as library/debian, in small letters',
    ],
    [
      { user: 'a', action: 'pull', repository: 'a', tag: 'x' },
      '--tag: only with --action push, for tags restrict nothing else',
    ],
    [
      { user: 'a', action: 'push', repository: 'a', tag: ':' },
      '--tag: found ":"; allowed: a tag such as v1.2',
    ],
    [{ claim: ['x'], action: 'pull', repository: 'a' }, '--claim: found "x"; allowed: NAME=VALUE'],
  ]
  for (const [options, line] of mistakes) {
    it(`is refused: ${line}`, async () => {
      assert.deepEqual(await explain(options), { code: 2, out: '', err: `${line}\n` })
    })
  }

  it('cannot be said of a configuration that is wrong, has no rules, or whose groups cannot be read', async () => {
    const asked = { user: 'a', action: 'pull', repository: 'a' }
    const wrong = file('wrong.yml', 'version: 0.1\nstorage: inmemory\naccess: {rules: x}\n')
    const { code, err } = await explain(asked, wrong)
    assert.equal(code, 2)
    assert.match(err, /^.*wrong\.yml:3:17: access\.rules: found "x"; allowed: a list/)
    const without = file('without.yml', `version: 0.1\nstorage: inmemory\n${auth}`)
    assert.deepEqual(await explain(asked, without), {
      code: 2,
      out: '',
      err: `${without}: access.rules: there are none, so that whoever is let in may do everything\n`,
    })
    const rule = '{who: [group:ci], repositories: [a], allow: [pull]}'
    const noFile = file(
      'nofile.yml',
      `version: 0.1\nstorage: inmemory\n${auth}access:\n  groupfile: /none\n  rules: [${rule}]\n`,
    )
    assert.deepEqual(await explain(asked, noFile), {
      code: 2,
      out: '',
      err: `${noFile}:5:14: access.groupfile: /none: no such file\n`,
    })
    const noGroup = file(
      'nogroup.yml',
      `version: 0.1\nstorage: inmemory\n${auth}access:\n  groupfile: ${groups}\n  rules: [${rule.replace('ci', 'cii')}]\n`,
    )
    assert.deepEqual(await explain(asked, noGroup), {
      code: 2,
      out: '',
      err: `${noGroup}:6:11: access.rules[0]: group:cii is neither in access.groups nor in access.groupfile\n`,
    })
  })
})

describe('the command access explain', () => {
  const script = `
    const { Command } = await import('commander')
    const { addAccessCommands } = await import(process.argv[1])
    const program = new Command('berth')
    addAccessCommands(program.command('access'), (code) => { process.exitCode = code })
    await program.parseAsync(process.argv.slice(2), { from: 'user' })`
  const commands = join(repositoryRoot, 'build', 'src', 'cli', 'access-commands.js')
  const command = (...args: readonly string[]): Promise<RunResult> =>
    run(
      process.execPath,
      ['--input-type=module', '-e', script, commands, 'access', 'explain', config, ...args],
      { mayFail: true, timeoutMs: 60_000, cwd: repositoryRoot },
    )

  it('ends with 0 when it is allowed and with 1 when it is not', async () => {
    const asked = ['--action', 'push', '--repository', 'apps/web', '--user']
    const bot = await command(...asked, 'bot', '--tag', 'release-2')
    assert.deepEqual([bot.code, bot.stderr], [0, ''])
    assert.match(bot.stdout, /^allowed: bot may push apps\/web:release-2\n/)
    assert.equal((await command(...asked, 'eve')).code, 1)
  })

  it('takes claims several times, and JSON', async () => {
    const claims = ['--claim', 'team=ops', '--claim', 'team=dev']
    const { code, stdout } = await command(...claims, '--action', 'pull', '--repository', 'dev', '--json')
    assert.equal(code, 0)
    assert.equal((JSON.parse(stdout) as { rule: { key: string } }).rule.key, 'access.rules[2]')
  })

  it('ends with 2 for what it does not understand, and with 0 for help', async () => {
    const unknown = await command('--usr', 'a')
    assert.deepEqual([unknown.code, unknown.stdout], [2, ''])
    assert.match(unknown.stderr, /unknown option '--usr'/)
    const both = await command('--user', 'a', '--anonymous')
    assert.equal(both.code, 2)
    assert.match(both.stderr, /cannot be used with/)
    assert.equal((await command('--action', 'pull')).code, 2)
    const help = await command('--help')
    assert.equal(help.code, 0)
    assert.match(help.stdout, /Exit code: 0 allowed; 1 denied; 2 when it cannot be said/)
  })
})
