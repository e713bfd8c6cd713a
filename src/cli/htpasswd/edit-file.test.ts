import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { editFile } from './edit-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
function file(content?: string): string {
  const path = join(folder, `file-${count++}`)
  if (content !== undefined) writeFileSync(path, content)
  return path
}

const existing = { create: false }
const made = { create: true }
const add =
  (name: string) =>
  (old: Buffer): Buffer =>
    Buffer.concat([old, Buffer.from(name)])
const fail = (): never => {
  throw new Error('no')
}
const to = (content: string) => (): Buffer => Buffer.from(content)

describe('a file is changed', () => {
  it('to what is longer, shorter or empty, from what it holds', async () => {
    const path = file('one\n')
    for (const content of ['one\ntwo\nthree\n', 'two\n', '', 'a']) {
      const before = readFileSync(path, 'utf8')
      // eslint-disable-next-line no-await-in-loop
      await editFile(
        path,
        (old) => {
          assert.equal(old.toString(), before)
          return Buffer.from(content)
        },
        existing,
      )
      assert.equal(readFileSync(path, 'utf8'), content)
    }
    assert.ok(!existsSync(`${path}.lock`))
  })

  it('where it is, with its mode, and behind a link', async () => {
    const path = file('one\n')
    chmodSync(path, 0o640)
    const link = `${path}-link`
    symlinkSync(path, link)
    const before = statSync(path)
    await editFile(link, to('two\n'), existing)
    const { ino, mode } = statSync(path)
    assert.deepEqual([ino, mode], [before.ino, before.mode])
    assert.equal(readFileSync(path, 'utf8'), 'two\n')
  })

  it('not at all when there is nothing to change', async () => {
    const path = file('one\n')
    const before = statSync(path).mtimeMs
    await editFile(path, () => undefined, existing)
    assert.equal(statSync(path).mtimeMs, before)
    assert.ok(!existsSync(`${path}.lock`))
  })

  it('not at all when the change fails, and others can go on', async () => {
    const path = file('one\n')
    await assert.rejects(editFile(path, fail, existing), { message: 'no' })
    assert.equal(readFileSync(path, 'utf8'), 'one\n')
    assert.ok(!existsSync(`${path}.lock`))
  })

  it('by many at once without losing anything', async () => {
    const path = file('')
    const names = Array.from({ length: 20 }, (_, index) => String.fromCodePoint(97 + index))
    await Promise.all(names.map((name) => editFile(path, add(name), existing)))
    assert.equal(Array.from(readFileSync(path, 'utf8')).toSorted().join(''), names.join(''))
  })
})

describe('a new file', () => {
  it('can be read by whomever the umask lets', async () => {
    const before = process.umask(0o022)
    try {
      const path = file()
      await editFile(path, to('one\n'), made)
      assert.equal(readFileSync(path, 'utf8'), 'one\n')
      assert.equal(statSync(path).mode & 0o777, 0o644)
      process.umask(0o077)
      const another = file()
      await editFile(another, to('one\n'), made)
      assert.equal(statSync(another).mode & 0o777, 0o600)
    } finally {
      process.umask(before)
    }
  })

  it('is made only where that is asked for', async () => {
    const path = file()
    await assert.rejects(editFile(path, to('one\n'), existing), { code: 'ENOENT' })
    assert.ok(!existsSync(path))
    assert.ok(!existsSync(`${path}.lock`))
  })
})

describe('a lock', () => {
  it('is waited for', async () => {
    const path = file('one\n')
    writeFileSync(`${path}.lock`, '')
    setTimeout(() => rmSync(`${path}.lock`), 100)
    await editFile(path, to('two\n'), existing)
    assert.equal(readFileSync(path, 'utf8'), 'two\n')
  })

  it('that stays is told of, and left alone', async () => {
    const path = file('one\n')
    writeFileSync(`${path}.lock`, 'of somebody')
    await assert.rejects(editFile(path, to('two\n'), { ...existing, patience: 50 }), {
      name: 'HtpasswdError',
      exitCode: 1,
      message: `${path}.lock exists: another htpasswd is at work, or one was killed, and then remove that file`,
    })
    assert.equal(readFileSync(path, 'utf8'), 'one\n')
    assert.equal(readFileSync(`${path}.lock`, 'utf8'), 'of somebody')
  })

  it('is for its owner alone, for it holds hashes', async () => {
    const path = file('one\n')
    const check = (old: Buffer): Buffer => {
      assert.equal(statSync(`${path}.lock`).mode & 0o777, 0o600)
      return old
    }
    await editFile(path, check, existing)
  })
})

it('what is too large is no such file', async () => {
  const path = file('x'.repeat(4 * 1024 * 1024 + 1))
  await assert.rejects(editFile(path, to(''), made), { exitCode: 7 })
  assert.equal(statSync(path).size, 4 * 1024 * 1024 + 1)
})
