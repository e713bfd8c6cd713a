import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { explain } from '../../src/access/explain.ts'
import { explanationText } from '../../src/access/explain-text.ts'
import { Groups } from '../../src/access/groups.ts'
import { parseGroups } from '../../src/access/group-file.ts'
import { Policy } from '../../src/access/policy.ts'
import { RepositoryPattern } from '../../src/access/repository-pattern.ts'
import { rulesAdvice } from '../../src/cli/rules-advice.ts'
import { accessRules } from '../../src/config/access-rules.ts'
import type { LoadedConfig } from '../../src/config/load.ts'
import { loadText } from '../../src/config/test-load.ts'
import type { Action } from '../../src/registry/access.ts'
import { isRepositoryName, parseRepositoryName } from '../../src/registry/name.ts'
import { repositoryRoot } from '../support/require-program.ts'

const page = readFileSync(join(repositoryRoot, 'docs', 'access.md'), 'utf8')
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)

function nothing(): void {}

const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

async function policyOf({ config: { access }, sources }: LoadedConfig): Promise<Policy> {
  return new Policy(accessRules(access, sources), await Groups.open({ groups: access.groups, log }))
}

describe('the page on access', () => {
  it('has examples', () => {
    assert.ok(blocks.length >= 5, `${blocks.length} examples`)
  })

  for (const [index, block] of blocks.entries()) {
    it(`has an example ${index + 1} that loads without warnings`, () => {
      const loaded = loadText(block)
      assert.deepEqual(loaded.warnings, [])
      assert.ok(loaded.config.access.rules.length > 0)
      assert.deepEqual(rulesAdvice(loaded), [])
    })
  }

  it('begins with rules that do what its heading says', async () => {
    const policy = await policyOf(loadText(blocks[0] ?? ''))
    const may = (name: string | undefined, action: Action, repository: string): boolean =>
      policy.decide(name === undefined ? {} : { name }, {
        kind: 'repository',
        repository: parseRepositoryName(repository),
        action,
      }).allowed
    assert.deepEqual([may(undefined, 'pull', 'any/thing'), may(undefined, 'push', 'apps/web')], [true, false])
    assert.deepEqual([may('bot', 'push', 'apps/web'), may('bot', 'delete', 'apps/web')], [true, false])
    assert.deepEqual([may('alice', 'delete', 'any/thing'), may('bob', 'push', 'x')], [true, true])
    assert.deepEqual([may('zoe', 'pull', 'apps/web'), may('zoe', 'push', 'apps/web')], [true, false])
  })

  it('shows what explain says of that example', async () => {
    const policy = await policyOf(loadText(blocks[0] ?? ''))
    const access = { kind: 'repository', repository: parseRepositoryName('lib/x'), action: 'push' } as const
    const said = explanationText(explain(policy, { name: 'bot' }, access), { name: 'bot' }, access)
    const shown = /^\$ berth access explain .*\n([\s\S]*?)^```$/m.exec(page)?.[1]
    assert.equal(said.replaceAll(/\S*config\.yml/g, '/etc/berth/config.yml'), shown)
  })

  it('says of patterns what is so', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)` +\| (.*?) +\| (.*?) +\|$/gm)].filter(([, , yes = '']) =>
      yes.includes('`'),
    )
    assert.ok(rows.length >= 6, `${rows.length} rows`)
    for (const [, text = '', yes = '', no = ''] of rows) {
      const pattern = new RepositoryPattern(text)
      for (const [list, expected] of [
        [yes, true],
        [no, false],
      ] as const) {
        const names = [...list.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
        assert.ok(names.length > 0)
        for (const name of names) {
          assert.ok(isRepositoryName(name))
          assert.equal(pattern.matches(name, 'alice'), expected, `${text} and ${name}`)
          if (text.includes('{user}')) assert.equal(pattern.matches(name, 'Alice'), false)
        }
      }
    }
  })

  it('shows a file of groups', () => {
    const file = /^```\n(# a name[\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
    assert.deepEqual([...(parseGroups(file).get('developers') ?? [])], ['carol', 'dave', 'erin'])
  })
})
