import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { requireRoot } from '../../test/support/require-program.ts'
import { run } from '../../test/support/run.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { accountKeyName } from './cache.ts'
import { openCache } from './open-cache.ts'

const host = 'registry.example.com'
const certificate =
  '-----BEGIN EC PRIVATE KEY-----\nkey\n-----END EC PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----\n'

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('a cache that is a folder', () => {
  it('is made where nothing is', async (t) => {
    const path = join(temporaryFolder(t).path, 'a', 'b')
    const cache = await openCache(path)
    assert.equal(await modeOf(path), 0o700)
    assert.equal(await cache.read(host), undefined)
  })

  it('has a file for each name, which is replaced in one step and belongs to nobody else', async (t) => {
    const { path } = temporaryFolder(t)
    const cache = await openCache(path)
    await cache.write(accountKeyName, 'key')
    await cache.write(host, 'first')
    const first = await stat(join(path, host))
    await cache.write(host, certificate)
    assert.notEqual((await stat(join(path, host))).ino, first.ino)
    assert.equal(await cache.read(host), certificate)
    assert.deepEqual((await readdir(path)).toSorted(), ['acme_account+key', host])
    assert.equal(await readFile(join(path, host), 'utf8'), certificate)
    assert.equal(await modeOf(join(path, host)), 0o600)
    assert.equal(await modeOf(join(path, accountKeyName)), 0o600)
  })

  it('has no names that lead elsewhere', async (t) => {
    const cache = await openCache(temporaryFolder(t).path)
    for (const name of ['../a', 'a/b', '.', '..', '', '.a', 'a\0'])
      await assert.rejects(cache.write(name, ''), /no name for a file/)
  })

  it('shows other processes that a challenge is pending, but not one of a process that died', async (t) => {
    const { path } = temporaryFolder(t)
    const { challenges } = await openCache(path)
    assert.ok(challenges)
    assert.equal(await challenges.isAnyPending(), false)
    await challenges.put(`${host}+token`, 'pem')
    assert.equal(await modeOf(join(path, `${host}+token`)), 0o600)
    assert.equal(await challenges.isAnyPending(), true)
    const long = new Date(Date.now() - 3_600_000)
    await utimes(join(path, `${host}+token`), long, long)
    assert.equal(await challenges.isAnyPending(), false)
    await challenges.remove(`${host}+token`)
    await challenges.remove(`${host}+token`)
    assert.deepEqual(await readdir(path), [])
  })
})

describe('a cache that is a file', () => {
  it('may be empty, and is then written as Distribution 2 does', async (t) => {
    const path = join(temporaryFolder(t).path, 'cache')
    await writeFile(path, '')
    const cache = await openCache(path)
    assert.equal(await cache.read(host), undefined)
    assert.equal(await cache.read(accountKeyName), undefined)
    await Promise.all([cache.write(accountKeyName, 'key'), cache.write(host, certificate)])
    assert.equal(await cache.read(host), certificate)
    assert.equal(await cache.read(accountKeyName), 'key')
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
      Key: 'key',
      Certs: {
        [host]: {
          Cert: '-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----\n',
          Key: '-----BEGIN EC PRIVATE KEY-----\nkey\n-----END EC PRIVATE KEY-----\n',
        },
      },
    })
    assert.equal(await modeOf(path), 0o600)
    assert.equal(cache.challenges, undefined)
  })

  it('may be one of Distribution 2, of which all else is kept', async (t) => {
    const { path: folder } = temporaryFolder(t)
    const old = {
      Email: 'operator@example.com',
      Reg: { body: { agreement: 'https://example.com/terms' }, uri: 'https://example.com/acme/reg/1' },
      Key: 'old key',
      Hosts: [host],
      Certs: { 'old.example.com': { Cert: 'chain', Key: 'key' } },
    }
    const path = join(folder, 'file')
    await writeFile(path, JSON.stringify(old, undefined, '\t'))
    await symlink('file', join(folder, 'link'))
    const cache = await openCache(join(folder, 'link'))
    assert.equal(await cache.read(accountKeyName), 'old key')
    assert.equal(await cache.read('old.example.com'), 'key\nchain')
    await cache.write(host, certificate)
    const written = JSON.parse(await readFile(path, 'utf8')) as typeof old
    assert.deepEqual({ ...written, Certs: old.Certs }, old)
    assert.deepEqual(Object.keys(written.Certs), ['old.example.com', host])

    await writeFile(path, '{"Email":"","Reg":null,"Key":"","Hosts":null,"Certs":null}')
    assert.equal(await cache.read(accountKeyName), undefined)
    assert.equal(await cache.read(host), undefined)
  })

  it('is written where it is when it cannot be replaced', async (t) => {
    if (!requireRoot(t)) return
    const { path: folder } = temporaryFolder(t)
    const path = join(folder, 'mounted')
    await writeFile(join(folder, 'source'), '')
    await writeFile(path, '')
    await run('mount', ['--bind', join(folder, 'source'), path])
    const cache = await openCache(path)
    await cache.write(host, certificate)
    assert.equal(await cache.read(host), certificate)
    assert.match(await readFile(join(folder, 'source'), 'utf8'), /Certs/)
    assert.deepEqual((await readdir(folder)).toSorted(), ['mounted', 'source'])
  })

  it('is refused when it is something else, and nothing of it is shown', async (t) => {
    const { path: folder } = temporaryFolder(t)
    const others = [
      '-----BEGIN EC PRIVATE KEY-----\nsecret',
      '[]',
      'null',
      '"secret"',
      '{"Key": 1}',
      '{"Certs": []}',
    ]
    for (const text of [
      ...others,
      '{"Certs": {"a": "secret"}}',
      '{"Certs": {"a": {"Cert": "b"}}}',
      '{"Key": "secret',
    ]) {
      const path = join(folder, 'cache')
      await writeFile(path, text)
      await assert.rejects(openCache(path), (error: Error) => {
        assert.match(
          error.message,
          /^http\.tls\.letsencrypt\.cachefile: .*cache: the file is no cache of Let's Encrypt/,
        )
        assert.ok(!/secret|\n/.test(error.message))
        return true
      })
      assert.equal(await readFile(path, 'utf8'), text)
    }
  })
})

describe('a cache that cannot be used', () => {
  it('is told in one line', async (t) => {
    const { path: folder } = temporaryFolder(t)
    await writeFile(join(folder, 'file'), '')
    await assert.rejects(openCache(join(folder, 'file', 'below')), {
      message: `http.tls.letsencrypt.cachefile: ${folder}/file/below: it is neither a folder nor a file, nor can a folder be made there`,
    })
    await assert.rejects(openCache('/dev/null'), /neither a folder nor a file/)
  })

  it('is told in one line when it is read-only', async (t) => {
    if (!requireRoot(t)) return
    const { path: folder } = temporaryFolder(t)
    const mounted = join(folder, 'mounted')
    await mkdir(mounted)
    await run('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mounted])
    await assert.rejects(openCache(mounted), {
      message: `http.tls.letsencrypt.cachefile: ${mounted}: it is read-only; the certificates must be kept where they can be written`,
    })
    // So Node tells it of a folder that cannot be made.
    await assert.rejects(openCache(join(mounted, 'below')), /below: no folder can be made there$/)
  })

  it('is told in one line when it is not ours', async (t) => {
    if (!requireRoot(t)) return
    const { path } = temporaryFolder(t)
    process.seteuid?.(65534)
    try {
      await assert.rejects(openCache(path), /permission denied for the user of this process \(uid \d+\)$/)
    } finally {
      process.seteuid?.(0)
    }
  })
})
