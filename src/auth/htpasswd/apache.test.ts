import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { hash } from 'bcrypt'
import { recordingLog } from '../../../test/tls/recording-log.ts'
import { requireProgram } from '../../../test/support/require-program.ts'
import { run } from '../../../test/support/run.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { parseHtpasswd, removeUser, setUser } from './htpasswd-file.ts'
import { openHtpasswd } from './htpasswd.ts'

describe('the files of Apache’s htpasswd', () => {
  it('let its users in', async (t) => {
    if (!requireProgram(t, 'htpasswd')) return
    const path = join(temporaryFolder(t).path, 'htpasswd')
    await run('htpasswd', ['-cbB', '-C', '4', path, 'ada', 'ada-secret'])
    await run('htpasswd', ['-ibB', path, 'jörg', 'пароль'])
    await run('htpasswd', ['-bB', '-C', '6', path, 'bob smith', 'p'.repeat(72)])
    const { log, entries } = recordingLog()
    const htpasswd = await openHtpasswd({ path, log, tell: () => assert.fail('nothing to tell') })
    const login = async (user: string, password: string): Promise<string> =>
      (await htpasswd.login(user, password, undefined)).name
    assert.equal(await login('ada', 'ada-secret'), 'ada')
    assert.equal(await login('jörg', 'пароль'), 'jörg')
    assert.equal(await login('bob smith', 'p'.repeat(72)), 'bob smith')
    await assert.rejects(login('ada', 'wrong'), { code: 'UNAUTHORIZED' })
    await run('htpasswd', ['-bB', '-C', '4', path, 'ada', 'new-secret'])
    await assert.rejects(login('ada', 'ada-secret'), { code: 'UNAUTHORIZED' })
    assert.equal(await login('ada', 'new-secret'), 'ada')
    assert.deepEqual(
      entries.filter(({ level }) => level === 'error'),
      [],
    )
  })

  it('tell of its other hashes what they are', async (t) => {
    if (!requireProgram(t, 'htpasswd')) return
    const kinds: readonly (readonly [string, string])[] = [
      ['-m', 'an MD5 hash (apr1)'],
      ['-s', 'a SHA-1 hash'],
      ['-d', 'a DES hash (crypt)'],
      ['-2', 'a SHA-256 hash (crypt)'],
      ['-5', 'a SHA-512 hash (crypt)'],
      ['-p', 'no hash'],
    ]
    for (const [flag, kind] of kinds) {
      const { stdout } = await run('htpasswd', ['-nb', flag, 'ada', 'secret'])
      const { users, problems } = parseHtpasswd(stdout)
      assert.equal(users.size, 0)
      assert.deepEqual(problems, [
        { line: 1, text: `user "ada": ${kind}, where bcrypt is needed (htpasswd -B makes it)` },
      ])
    }
  })

  it('can be edited, and are still its files', async (t) => {
    if (!requireProgram(t, 'htpasswd')) return
    const path = join(temporaryFolder(t).path, 'htpasswd')
    await writeFile(path, '# of the first floor\n\n')
    const edit = async (change: (text: string) => string | undefined): Promise<void> =>
      await writeFile(path, change(await readFile(path, 'utf8')) ?? '')
    const verifies = async (user: string, password: string): Promise<boolean> =>
      (await run('htpasswd', ['-vb', path, user, password], { mayFail: true })).code === 0
    const made = (await hash('ada-secret', 4)).replace('$2b$', '$2y$')
    await edit((text) => setUser(text, 'ada', made))
    await run('htpasswd', ['-bB', path, 'bob', 'bob-secret'])
    assert.ok(await verifies('ada', 'ada-secret'))
    await edit((text) => setUser(text, 'bob', made))
    assert.ok(await verifies('bob', 'ada-secret'))
    await edit((text) => removeUser(text, 'ada'))
    assert.equal(await verifies('ada', 'ada-secret'), false)
    assert.equal(await readFile(path, 'utf8'), `# of the first floor\n\nbob:${made}\n`)
  })
})
