import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { hash } from 'bcrypt'
import { HtpasswdError } from './htpasswd-error.ts'
import { htpasswd } from './htpasswd.ts'
import type { Questions } from './terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
function file(content?: string): string {
  const path = join(folder, `file-${count++}`)
  if (content !== undefined) writeFileSync(path, content)
  return path
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Given {
  /** Standard input, in chunks. */
  readonly input?: readonly (string | Uint8Array)[]
  /** Answers typed on the terminal. */
  readonly typed?: readonly string[]
}

async function run(args: readonly string[], { input = [], typed }: Given = {}): Promise<Outcome> {
  let out = ''
  let err = ''
  const answers = [...(typed ?? [])]
  const questions: Questions = {
    ask: async (question) => {
      err += `[${question}]`
      const answer = answers.shift()
      if (answer === undefined) throw new HtpasswdError('interrupted', 'Interrupted.')
      return answer
    },
    close: () => {
      err += '[closed]'
    },
  }
  const code = await htpasswd(args, {
    input: Readable.from(input.map((chunk) => Buffer.from(chunk))),
    openTerminal: () => (typed === undefined ? undefined : questions),
    out: async (text) => void (out += text),
    err: (text) => void (err += text),
  })
  return { code, out, err }
}

/** Quick to reckon. */
const C4 = ['-C', '4']

const bcrypt4 = /^\$2y\$04\$[./A-Za-z0-9]{53}$/

async function verifies(path: string, user: string, password: string): Promise<boolean> {
  return (await run(['-vb', path, user, password])).code === 0
}

describe('htpasswd -n', () => {
  it('prints a line that registries and Apache understand, and an empty one', async () => {
    const { code, out, err } = await run([...C4, '-Bbn', 'user', 'password'])
    assert.deepEqual([code, err], [0, ''])
    const [, printed = ''] = /^user:(.*)\n\n$/.exec(out) ?? []
    assert.match(printed, bcrypt4)
    assert.ok(await verifies(file(out), 'user', 'password'))
    assert.ok(!(await verifies(file(out), 'user', 'Password')))
  })

  it('has cost 10 by default', async () => {
    assert.match((await run(['-bn', 'user', 'password'])).out, /^user:\$2y\$10\$/)
  })

  it('says so when the line cannot be written', async () => {
    let told = ''
    const code = await htpasswd([...C4, '-bn', 'u', 'p'], {
      input: Readable.from([]),
      openTerminal: () => undefined,
      out: async () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      },
      err: (text) => void (told += text),
    })
    assert.deepEqual([code, told], [1, 'htpasswd: no space left on the device\n'])
  })
})

describe('htpasswd on a file', () => {
  it('adds, updates and deletes a user, and leaves all other lines as they are', async () => {
    const others = '# users\r\nold:{SHA}x\n\n  \t\nlast:$2y$04$abc'
    const path = file(others)
    const add = await run([...C4, '-b', path, 'user', 'first'])
    assert.deepEqual(add, { code: 0, out: '', err: 'Adding password for user user\n' })
    assert.ok(readFileSync(path, 'utf8').startsWith(`${others}\r\nuser:$2y$04$`))
    assert.ok(await verifies(path, 'user', 'first'))
    const update = await run([...C4, '-b', path, 'user', 'second'])
    assert.equal(update.err, 'Updating password for user user\n')
    assert.ok(await verifies(path, 'user', 'second'))
    assert.ok(!(await verifies(path, 'user', 'first')))
    const removed = await run(['-D', path, 'user'])
    assert.deepEqual(removed, { code: 0, out: '', err: 'Deleting password for user user\n' })
    assert.equal(readFileSync(path, 'utf8'), `${others}\r\n`)
    assert.deepEqual(await run(['-D', path, 'user']), { code: 0, out: '', err: 'User user not found\n' })
  })

  it('makes it with -c, and begins it anew', async () => {
    const path = file()
    assert.equal((await run([...C4, '-cb', path, 'a', 'p'])).err, 'Adding password for user a\n')
    assert.equal((await run([...C4, '-cb', path, 'b', 'p'])).err, 'Adding password for user b\n')
    assert.match(readFileSync(path, 'utf8'), /^b:\$2y\$04\$\S{53}\n$/)
    // Whatever it was.
    const broken = file('no colon\n')
    assert.equal((await run([...C4, '-cb', broken, 'a', 'p'])).code, 0)
  })

  it('refuses what is no such file, and leaves it alone', async () => {
    for (const [content, why] of [
      ['u:x\nhello\n', 'line 2 has no colon'],
      [Buffer.from('u:\xff\n', 'latin1'), 'not UTF-8'],
    ] as const) {
      const path = file()
      writeFileSync(path, content)
      for (const args of [
        ['-b', path, 'u', 'p'],
        ['-D', path, 'u'],
        ['-vb', path, 'u', 'p'],
      ]) {
        // eslint-disable-next-line no-await-in-loop
        assert.deepEqual(await run([...C4, ...args]), {
          code: 7,
          out: '',
          err: `htpasswd: The file ${path} does not appear to be a valid htpasswd file: ${why}\n`,
        })
      }
      assert.deepEqual(readFileSync(path), Buffer.from(content))
    }
  })

  it('says before it asks for a password that there is no file to write to', async () => {
    const none = file()
    const inNone = join(none, 'f')
    mkdirSync(join(folder, 'folder'))
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[none, 'u'], `cannot modify file ${none}; use '-c' to create it`],
      [['-D', none, 'u'], `cannot open file ${none}: no such file`],
      [['-v', none, 'u'], `cannot open file ${none}: no such file`],
      [['-c', inNone, 'u'], `cannot create file ${inNone}: no such file`],
      [['-c', join(folder, 'folder'), 'u'], `${join(folder, 'folder')} is not a regular file`],
      [['/dev/null', 'u'], '/dev/null is not a regular file'],
    ]
    for (const [args, message] of cases)
      // eslint-disable-next-line no-await-in-loop
      assert.deepEqual(await run(args, { typed: [] }), { code: 1, out: '', err: `htpasswd: ${message}\n` })
    assert.ok(!existsSync(none))
  })
})

describe('htpasswd -v', () => {
  it('verifies by the last entry of the user', async () => {
    const path = file(`u:${await hash('one', 4)}\nu:${await hash('two', 4)}\n`)
    assert.deepEqual(await run(['-vb', path, 'u', 'two']), {
      code: 0,
      out: '',
      err: 'Password for user u correct.\n',
    })
    assert.deepEqual(await run(['-vb', path, 'u', 'one']), {
      code: 3,
      out: '',
      err: 'htpasswd: password verification failed\n',
    })
    assert.deepEqual(await run(['-vb', path, 'v', 'one']), {
      code: 6,
      out: '',
      err: 'htpasswd: User v not found\n',
    })
  })

  it('refuses hashes that registries refuse', async () => {
    for (const other of ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'password', `$2y$31$${'a'.repeat(53)}`]) {
      // eslint-disable-next-line no-await-in-loop
      const { code, err } = await run(['-vb', file(`u:${other}\n`), 'u', 'password'])
      assert.equal(code, 3)
      assert.match(err, /^htpasswd: the hash of user u is none that registries understand: bcrypt/)
    }
  })

  it('asks once', async () => {
    const path = file(`u:${await hash('one', 4)}\n`)
    assert.deepEqual(await run(['-v', path, 'u'], { typed: ['one'] }), {
      code: 0,
      out: '',
      err: '[Enter password: ][closed]Password for user u correct.\n',
    })
  })
})

async function made(given: Given, ...args: readonly string[]): Promise<Outcome> {
  return await run([...C4, ...args, '-n', 'u'], given)
}

describe('a password', () => {
  it('is typed twice', async () => {
    const { code, out, err } = await made({ typed: ['pass word', 'pass word'] })
    assert.deepEqual([code, err], [0, '[New password: ][Re-type new password: ][closed]'])
    assert.ok(await verifies(file(out), 'u', 'pass word'))
    assert.deepEqual(await made({ typed: ['one', 'two'] }), {
      code: 3,
      out: '',
      err: '[New password: ][Re-type new password: ][closed]htpasswd: password verification error\n',
    })
  })

  it('is not typed by whoever breaks off', async () => {
    assert.deepEqual(await made({ typed: ['one'] }), {
      code: 4,
      out: '',
      err: '[New password: ][Re-type new password: ][closed]htpasswd: Interrupted.\n',
    })
  })

  it('is two equal lines of the input where there is no terminal', async () => {
    for (const input of [['one\none\n'], ['o', 'ne\r\none'], ['one\none\nmore']]) {
      // eslint-disable-next-line no-await-in-loop
      const { code, out, err } = await made({ input })
      assert.deepEqual([code, err], [0, 'New password: Re-type new password: \n'])
      // eslint-disable-next-line no-await-in-loop
      assert.ok(await verifies(file(out), 'u', 'one'))
    }
    assert.equal((await made({ input: ['one\n'] })).code, 3)
    assert.equal((await made({})).code, 3)
  })

  it('is all of the input with -i, without the newline at its end', async () => {
    for (const input of [['pass ', 'word'], ['pass word\n'], ['pass word\r\n']]) {
      // eslint-disable-next-line no-await-in-loop
      const { code, out, err } = await made({ input, typed: [] }, '-i')
      assert.deepEqual([code, err], [0, ''])
      // eslint-disable-next-line no-await-in-loop
      assert.ok(await verifies(file(out), 'u', 'pass word'), JSON.stringify(input))
    }
  })

  it('of 72 bytes counts whole, and of more is refused', async () => {
    const longest = 'é'.repeat(36)
    const { out } = await run([...C4, '-bn', 'u', longest])
    const path = file(out)
    assert.ok(await verifies(path, 'u', longest))
    assert.ok(!(await verifies(path, 'u', `${longest.slice(1)}x`)))
    for (const args of [
      ['-bn', 'u', `${longest}x`],
      ['-vb', path, 'u', `${longest}x`],
    ])
      // eslint-disable-next-line no-await-in-loop
      assert.deepEqual(await run([...C4, ...args]), {
        code: 5,
        out: '',
        err: 'htpasswd: password too long (> 72 bytes): bcrypt ignores the rest\n',
      })
  })

  it('is refused when nobody could log in with it, and is never told', async () => {
    const cases: readonly (readonly [readonly (string | Uint8Array)[], number, string])[] = [
      [[], 3, 'the password is empty'],
      [['secret\nsecret\n'], 6, 'password contains a control character, which no client can send'],
      [['secret\t'], 6, 'password contains a control character, which no client can send'],
      [['secret\0'], 6, 'password contains a control character, which no client can send'],
      [[Buffer.from('secret\xff', 'latin1')], 6, 'password is not UTF-8'],
      [['x'.repeat(100_000)], 5, 'the input is too long'],
    ]
    for (const [input, code, message] of cases)
      // eslint-disable-next-line no-await-in-loop
      assert.deepEqual(await made({ input }, '-i'), { code, out: '', err: `htpasswd: ${message}\n` })
    assert.equal((await run(['-bn', 'u', ''])).code, 3)
  })
})

describe('a user', () => {
  it('whom a file cannot name is refused', async () => {
    for (const user of ['', '#u', ' u', 'u ', 'u\tv', 'u\nv']) {
      // eslint-disable-next-line no-await-in-loop
      const { code, out } = await run([...C4, '-bn', user, 'p'])
      assert.deepEqual([code, out], [6, ''], JSON.stringify(user))
    }
  })
})

describe('help', () => {
  it('is what was asked for, or comes with a mistake', async () => {
    const asked = await run(['--help'])
    assert.deepEqual([asked.code, asked.err], [0, ''])
    assert.match(asked.out, /^Usage:\n/)
    const mistake = await run(['-x'])
    assert.deepEqual(mistake, { code: 2, out: '', err: `htpasswd: illegal option -- x\n${asked.out}` })
  })
})
