import assert from 'node:assert/strict'
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { recordingLog, type LogEntry } from '../../../test/tls/recording-log.ts'
import { run } from '../../../test/support/run.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { largestHtpasswd } from './htpasswd-file.ts'
import { Users } from './users.ts'

const rest = 'B4vN99ODhJQYq3LiqFuV/.9mAjocL6ks7DunvCneHmuksTlSQA9hu'
const one = `$2y$05$${rest}`
const other = `$2y$10$${rest}`

const folder = temporaryFolder()
after(() => folder.remove())

/** New in each test. */
let place: string
let path: string
let count = 0
beforeEach(async () => {
  place = join(folder.path, `place-${count++}`)
  await mkdir(place)
  path = join(place, 'htpasswd')
})

interface Opened {
  readonly users: Users
  readonly entries: LogEntry[]
  readonly names: () => Promise<readonly string[]>
}

/** For which no file was written just now, so that only its state tells that it changed. */
const later = (): number => Date.now() + 60_000

async function open(now: () => number = later): Promise<Opened> {
  const { log, entries } = recordingLog()
  const users = await Users.open({ path, log, now })
  return { users, entries, names: async () => [...(await users.look()).hashes.keys()] }
}

function messages(entries: readonly LogEntry[]): readonly string[] {
  return entries.map(({ level, message }) => `${level} ${message}`)
}

describe('the users of a password file', () => {
  it('are those of the file, as it is now', async () => {
    await writeFile(path, `ada:${one}\n`)
    const { users, names, entries } = await open()
    assert.equal((await users.look()).hashes.get('ada'), one)
    await writeFile(path, `ada:${other}\nbob:${one}\n`)
    assert.equal((await users.look()).hashes.get('ada'), other)
    assert.deepEqual(await names(), ['ada', 'bob'])
    assert.deepEqual(messages(entries), ['info password file read again'])
  })

  it('are read once while the file stays', async () => {
    await writeFile(path, `ada:${one}\n`)
    const { users } = await open()
    const first = await users.look()
    assert.equal(await users.look(), first)
    // Touched, and the same.
    await utimes(path, 1, 1)
    assert.equal(await users.look(), first)
  })

  it('are seen when they are replaced by others of the same size and time', async () => {
    await writeFile(path, `ada:${one}\n`)
    await utimes(path, 1, 1)
    const { names } = await open()
    await writeFile(join(place, 'new'), `bob:${one}\n`)
    await utimes(join(place, 'new'), 1, 1)
    await rename(join(place, 'new'), path)
    assert.deepEqual(await names(), ['bob'])
  })

  it('are seen when the file changes twice within a tick of its clock', async () => {
    await writeFile(path, `ada:${one}\n`)
    // The time of the last change of the file stands still.
    const { names } = await open(Date.now)
    for (const name of ['bob', 'eve', 'zoe', 'amy', 'kim', 'lee', 'max', 'ann']) {
      await writeFile(path, `${name}:${one}\n`)
      assert.deepEqual(await names(), [name])
    }
  })

  it('are seen behind links that are swapped, as Kubernetes does', async () => {
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(place, version))
      await writeFile(join(place, version, 'htpasswd'), text)
      await symlink(version, join(place, '..data_tmp'))
      await rename(join(place, '..data_tmp'), join(place, '..data'))
    }
    await publish('..2026_01', `ada:${one}\n`)
    await symlink('..data/htpasswd', path)
    const { names } = await open()
    assert.deepEqual(await names(), ['ada'])
    await publish('..2026_02', `bob:${one}\n`)
    await rm(join(place, '..2026_01'), { recursive: true })
    assert.deepEqual(await names(), ['bob'])
  })

  it('are looked at once for all who ask at once, but not before they asked', async () => {
    await writeFile(path, `ada:${one}\n`)
    const { users } = await open()
    const early = users.look()
    const looks = Array.from({ length: 100 }, () => users.look())
    assert.equal(new Set(looks).size, 1)
    assert.notEqual(looks[0], early)
    await Promise.all(looks)
    assert.notEqual(users.look(), looks[0])
  })

  it('that changed are seen by whoever asks after the change, also while others ask', async () => {
    await writeFile(path, `user-0:${one}\n`)
    const { users, names } = await open()
    const ended = new AbortController()
    const asking = Array.from({ length: 4 }, async () => {
      while (!ended.signal.aborted) await users.look()
    })
    for (let version = 1; version <= 100; version++) {
      await writeFile(join(place, 'new'), `user-${version}:${one}\n`)
      await rename(join(place, 'new'), path)
      assert.deepEqual(await names(), [`user-${version}`])
    }
    ended.abort()
    await Promise.all(asking)
  })

  it('stay for two seconds when the file is empty, for it may be about to be written', async () => {
    await writeFile(path, `ada:${one}\n`)
    let offset = 0
    const { names, entries } = await open(() => Date.now() + offset)
    await writeFile(path, '')
    assert.deepEqual(await names(), ['ada'])
    offset = 5_000
    assert.deepEqual(await names(), [])
    assert.deepEqual(messages(entries), [
      'warn nobody in the password file can log in',
      'info password file read again',
    ])
  })
})

describe('a password file that cannot be read', () => {
  const spoilers: Readonly<Record<string, readonly [() => Promise<unknown>, string]>> = {
    'is gone': [() => rm(path), 'no such file'],
    'is a folder': [() => rm(path).then(() => mkdir(path)), 'it is a folder, not a file'],
    'is a pipe': [() => rm(path).then(() => run('mkfifo', [path])), 'not a regular file'],
    'is a link to itself': [() => rm(path).then(() => symlink(path, path)), 'too many symbolic links'],
    'is too large': [() => writeFile(path, Buffer.alloc(largestHtpasswd + 1)), 'larger than 4194304 bytes'],
  }
  for (const [name, [spoil, reason]] of Object.entries(spoilers)) {
    it(`leaves the old users, with one error: it ${name}`, async () => {
      await writeFile(path, `ada:${one}\n`)
      const { names, entries } = await open()
      await spoil()
      for (let look = 0; look < 3; look++) assert.deepEqual(await names(), ['ada'])
      assert.deepEqual(entries, [
        { level: 'error', message: 'password file not read, the old users stay', fields: { path, reason } },
      ])
      await rm(path, { recursive: true, force: true })
      await writeFile(path, `bob:${one}\n`)
      assert.deepEqual(await names(), ['bob'])
      assert.deepEqual(messages(entries).slice(-2), [
        'info password file read again',
        'info the password file can be read again',
      ])
    })
  }

  it('is an error again when it is another', async () => {
    await writeFile(path, `ada:${one}\n`)
    const { names, entries } = await open()
    await rm(path)
    await names()
    await mkdir(path)
    await names()
    assert.deepEqual(
      entries.map(({ fields }) => fields['reason']),
      ['no such file', 'it is a folder, not a file'],
    )
  })

  it('does not open', async () => {
    await assert.rejects(open(), { code: 'ENOENT' })
    await writeFile(path, Buffer.alloc(largestHtpasswd + 1))
    await assert.rejects(open(), { message: 'larger than 4194304 bytes' })
    await writeFile(path, '')
    await chmod(path, 0)
    if (process.getuid?.() !== 0) await assert.rejects(open(), { code: 'EACCES' })
  })
})

describe('bad lines of a password file', () => {
  it('are told once for each change, and spoil no others', async () => {
    await writeFile(path, `ada:${one}\nbad\neve:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n`)
    const { names, entries } = await open()
    for (let look = 0; look < 3; look++) assert.deepEqual(await names(), ['ada'])
    assert.deepEqual(entries, [
      {
        level: 'warn',
        message: 'line of the password file ignored',
        fields: { path, line: 2, reason: 'no colon, where user:hash is needed' },
      },
      {
        level: 'warn',
        message: 'line of the password file ignored',
        fields: {
          path,
          line: 3,
          reason: 'user "eve": a SHA-1 hash, where bcrypt is needed (htpasswd -B makes it)',
        },
      },
    ])
    await writeFile(path, `ada:${one}\nbad\n`)
    await names()
    assert.equal(entries.filter(({ level }) => level === 'warn').length, 3)
  })

  it('are told one by one up to twenty', async () => {
    await writeFile(path, `ada:${one}\n${'bad\n'.repeat(50)}`)
    const { entries } = await open()
    assert.equal(entries.length, 21)
    assert.deepEqual(entries[20], {
      level: 'warn',
      message: 'more lines of the password file ignored',
      fields: { path, lines: 30 },
    })
  })
})

async function costs(text: string): Promise<readonly number[]> {
  await writeFile(path, text)
  return (await (await open()).users.look()).costs
}

describe('the costs', () => {
  it('are those of all users', async () => {
    assert.deepEqual(await costs(`a:${one}\nb:${other}\nc:${one}\n`), [5, 10, 5])
  })

  it('are ten where there are none', async () => {
    assert.deepEqual(await costs(''), [10])
  })
})
