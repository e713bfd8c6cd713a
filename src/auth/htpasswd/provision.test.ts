import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { compare } from 'bcrypt'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { provisionHtpasswd } from './provision.ts'

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

describe('a password file that is missing', () => {
  it('is made with one user, whose password is told once and kept nowhere', async (t) => {
    const folder = temporaryFolder(t)
    const path = join(folder.path, 'a', 'b', 'htpasswd')
    const told: string[] = []
    await provisionHtpasswd({ path, tell: (text) => told.push(text) })
    const [, password = ''] = /^user docker, password ([A-Za-z0-9_-]{43})$/m.exec(told.join('')) ?? []
    assert.equal(
      told.join(''),
      `the password file ${path} was missing and has been made; this is shown once:\nuser docker, password ${password}\n`,
    )
    const content = await readFile(path, 'utf8')
    assert.match(content, /^docker:\$2b\$10\$[./A-Za-z0-9]{53}\n$/)
    assert.equal(await compare(password, content.slice('docker:'.length, -1)), true)
    assert.equal(await modeOf(path), '600')
    assert.deepEqual([await modeOf(dirname(path)), await modeOf(join(folder.path, 'a'))], ['700', '700'])
    assert.deepEqual(await readdir(dirname(path)), ['htpasswd'])
  })

  it('has another password each time', async (t) => {
    const folder = temporaryFolder(t)
    const told = new Set<string>()
    for (const name of ['a', 'b']) {
      await provisionHtpasswd({
        path: join(folder.path, name),
        tell: (text) => told.add(text.split('password ').at(-1) ?? ''),
      })
    }
    assert.equal(told.size, 2)
  })

  it('is made by one of several who begin at once, and by none that comes late', async (t) => {
    const folder = temporaryFolder(t)
    const path = join(folder.path, 'htpasswd')
    const told: string[] = []
    const provision = (): Promise<void> => provisionHtpasswd({ path, tell: (text) => told.push(text) })
    await Promise.all(Array.from({ length: 8 }, provision))
    assert.equal(told.length, 1)
    const content = await readFile(path, 'utf8')
    await provision()
    assert.equal(told.length, 1)
    assert.equal(await readFile(path, 'utf8'), content)
    const [, password = ''] = /password (\S+)\n$/.exec(told[0] ?? '') ?? []
    assert.equal(await compare(password, content.slice('docker:'.length, -1)), true)
    assert.deepEqual(await readdir(folder.path), ['htpasswd'])
  })

  it('is not made where it cannot be, and nothing is told or left', async (t) => {
    const folder = temporaryFolder(t)
    await writeFile(join(folder.path, 'file'), '')
    const told: string[] = []
    const tell = (text: string): void => void told.push(text)
    await assert.rejects(provisionHtpasswd({ path: join(folder.path, 'file', 'htpasswd'), tell }))
    await mkdir(join(folder.path, 'htpasswd'))
    await provisionHtpasswd({ path: join(folder.path, 'htpasswd'), tell })
    assert.deepEqual(told, [])
    assert.deepEqual((await readdir(folder.path)).toSorted(), ['file', 'htpasswd'])
  })
})
