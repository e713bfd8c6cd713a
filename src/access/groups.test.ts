import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Log } from '../registry/context.ts'
import { parseGroups } from './group-file.ts'
import { Groups } from './groups.ts'
import type { Rule } from './rule.ts'

const folder = mkdtempSync(join(tmpdir(), 'groups-'))
after(() => rmSync(folder, { recursive: true }))

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: object
}

function recorder(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields })
    }
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

let count = 0

/** The path of a file that was written a minute ago. */
function fileOf(text: string | Uint8Array): string {
  count += 1
  const path = join(folder, `groups-${count}`)
  writeFileSync(path, text)
  return path
}

interface Setup {
  readonly groups: Groups
  readonly lines: Line[]
  /** Lets some time pass, and looks at the file as a request does. */
  readonly later: (milliseconds: number) => Promise<void>
}

async function open(file: string, fixed: Readonly<Record<string, readonly string[]>> = {}): Promise<Setup> {
  // The file is old by then.
  let now = Date.now() + 60_000
  const { log, lines } = recorder()
  const groups = await Groups.open({ groups: fixed, file, log, now: () => now })
  return {
    groups,
    lines,
    later: async (milliseconds) => {
      now += milliseconds
      await groups.refresh()
    },
  }
}

async function refusal(file: string): Promise<string> {
  try {
    await open(file)
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return ''
}

describe('a file of groups', () => {
  it('has a group a line, several lines of one count together', () => {
    const text =
      '\uFEFF# who is who\n\nci: bot robot\r\n  admins :alice\nci:bot2\t bot3\nempty:\n#ci: evil\nodd: a:b c#d\n'
    assert.deepEqual(
      parseGroups(text),
      new Map([
        ['ci', new Set(['bot', 'robot', 'bot2', 'bot3'])],
        ['admins', new Set(['alice'])],
        ['empty', new Set()],
        ['odd', new Set(['a:b', 'c#d'])],
      ]),
    )
  })

  it('is refused with the number of the line, and without what it holds', () => {
    for (const bad of ['hunter2', ': alice', 'a b: alice'])
      assert.throws(() => parseGroups(`ok: x\n${bad}\n`), {
        message: 'line 2 is not of the form NAME: user user',
      })
  })

  it('must be there and be one at the start', async () => {
    const none = join(folder, 'none')
    assert.equal(await refusal(none), `access.groupfile: ${none}: no such file`)
    assert.equal(await refusal(folder), `access.groupfile: ${folder}: it is a folder, not a file`)
    const bad = fileOf('a: b\noops\n')
    assert.equal(await refusal(bad), `access.groupfile: ${bad}: line 2 is not of the form NAME: user user`)
    const binary = fileOf(Buffer.from([0x61, 0x3a, 0xff, 0xfe]))
    assert.equal(await refusal(binary), `access.groupfile: ${binary}: not text in UTF-8`)
    const large = fileOf(Buffer.alloc(8 * 1024 * 1024 + 1, 'a: b\n'))
    assert.equal(await refusal(large), `access.groupfile: ${large}: larger than 8388608 bytes`)
  })

  it('is no pipe that is waited for', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    assert.equal(await refusal(pipe), `access.groupfile: ${pipe}: not a regular file`)
  })
})

describe('groups', () => {
  it('are those of the configuration and of the file together', async () => {
    const { groups } = await open(fileOf('ci: bot\nadmins: bob\n'), { admins: ['alice'], __proto__: ['x'] })
    assert.equal(groups.has('admins', 'alice'), true)
    assert.equal(groups.has('admins', 'bob'), true)
    assert.equal(groups.has('ci', 'bot'), true)
    assert.equal(groups.has('ci', 'alice'), false)
    assert.equal(groups.has('constructor', 'name'), false)
    assert.equal(groups.has('none', 'bot'), false)
  })

  it('need no file', async () => {
    const { log } = recorder()
    const groups = await Groups.open({ groups: { a: ['b'] }, log })
    await groups.refresh()
    assert.equal(groups.has('a', 'b'), true)
  })

  it('follow the file, whether it is written, replaced or linked to another', async () => {
    const path = fileOf('ci: a\n')
    const { groups, lines, later } = await open(path)
    writeFileSync(path, 'ci: bb\n')
    await later(1_000)
    assert.deepEqual([groups.has('ci', 'a'), groups.has('ci', 'bb')], [false, true])
    renameSync(fileOf('ci: cc\n'), path)
    await later(1_000)
    assert.equal(groups.has('ci', 'cc'), true)
    unlinkSync(path)
    symlinkSync(fileOf('ci: dd\n'), path)
    await later(1_000)
    assert.equal(groups.has('ci', 'dd'), true)
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      Array.from({ length: 3 }, () => ['info', 'groups reloaded']),
    )
  })

  it('are looked at once a second at most', async () => {
    const path = fileOf('ci: a\n')
    const { groups, later } = await open(path)
    writeFileSync(path, 'ci: bb\n')
    await later(999)
    assert.equal(groups.has('ci', 'bb'), false)
    await later(1)
    assert.equal(groups.has('ci', 'bb'), true)
  })

  it('are not told anew when the file holds what it held', async () => {
    const path = fileOf('ci: a\n')
    const { groups, lines, later } = await open(path)
    renameSync(fileOf('ci: a\n'), path)
    await later(1_000)
    assert.equal(groups.has('ci', 'a'), true)
    assert.deepEqual(lines, [])
  })

  it('stay while the file is bad or gone, which is one error for each change', async () => {
    const path = fileOf('ci: a\n')
    const { groups, lines, later } = await open(path)
    writeFileSync(path, 'oops\n')
    for (let look = 0; look < 5; look++) await later(1_000)
    assert.equal(groups.has('ci', 'a'), true)
    assert.deepEqual(lines, [
      {
        level: 'error',
        message: 'groups not reloaded, the old ones stay',
        fields: { file: path, reason: 'line 1 is not of the form NAME: user user' },
      },
    ])
    rmSync(path)
    for (let look = 0; look < 5; look++) await later(1_000)
    assert.equal(groups.has('ci', 'a'), true)
    assert.equal(lines.length, 2)
    assert.deepEqual(lines[1]?.fields, { file: path, reason: 'no such file' })
    writeFileSync(path, 'ci: bb\n')
    await later(1_000)
    assert.equal(groups.has('ci', 'a'), false)
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['error', 'error', 'info'],
    )
  })

  it('are looked at when the clock was set back', async () => {
    const path = fileOf('ci: a\n')
    const { groups, later } = await open(path)
    writeFileSync(path, 'ci: bb\n')
    await later(-3_600_000)
    assert.equal(groups.has('ci', 'bb'), true)
  })

  it('of a file that is being written are not taken before two looks have seen the same', async () => {
    const path = fileOf('ci: a\nadmins: a\n')
    let skew = 600
    const now = (): number => Date.now() + skew
    const { log, lines } = recorder()
    const groups = await Groups.open({ groups: {}, file: path, log, now })
    /** A second passes, to one side or the other, so that whatever was written is from just now. */
    const look = async (): Promise<readonly boolean[]> => {
      skew = skew > 0 ? -600 : 600
      await groups.refresh()
      return [groups.has('ci', 'a'), groups.has('ci', 'bb')]
    }
    await look()
    writeFileSync(path, 'admins: a\n')
    assert.deepEqual(await look(), [true, false])
    writeFileSync(path, 'oops')
    assert.deepEqual(await look(), [true, false])
    writeFileSync(path, 'ci: bb\nadmins: a\n')
    assert.deepEqual(await look(), [true, false])
    assert.deepEqual(await look(), [false, true])
    writeFileSync(path, '')
    for (let looks = 0; looks < 3; looks++) assert.deepEqual(await look(), [false, true])
    skew = 60_000
    await groups.refresh()
    assert.equal(groups.has('ci', 'bb'), false, 'it is meant')
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['info', 'info'],
    )
  })

  it('that rules name must be somewhere at the start, and are told of once when they go', async () => {
    const path = fileOf('ci: a\nempty:\n')
    let now = Date.now() + 60_000
    const { log, lines } = recorder()
    const start = (...names: readonly string[]): Promise<Groups> => {
      const rules = names.map((name, index): Rule => ({
        who: [{ kind: 'anonymous' }, { kind: 'group', name }],
        repositories: ['a'],
        allow: ['pull'],
        tags: [],
        key: `access.rules[${index}]`,
        place: `c.yml:${index + 1}:3`,
      }))
      return Groups.open({ groups: { admins: [] }, file: path, rules, log, now: () => now })
    }
    await assert.rejects(start('ci', 'cii'), {
      message: 'c.yml:2:3: access.rules[1]: group:cii is neither in access.groups nor in access.groupfile',
    })
    await assert.rejects(start('constructor'), /group:constructor is neither/)
    const groups = await start('ci', 'empty', 'admins')
    const warned = async (text: string): Promise<readonly unknown[]> => {
      writeFileSync(path, text)
      now += 1_000
      lines.splice(0)
      await groups.refresh()
      return lines.filter(({ level }) => level === 'error')
    }
    const message = 'a group that rules name is gone: nobody is in it'
    assert.deepEqual(await warned('empty: b\n'), [
      { level: 'error', message, fields: { file: path, group: 'ci' } },
    ])
    assert.equal(groups.has('ci', 'a'), false)
    assert.deepEqual(await warned('empty: b c\n'), [])
    assert.deepEqual(await warned('empty: b c\nci: a\n'), [])
    assert.equal((await warned('empty: b cc\n')).length, 1)
  })
})
