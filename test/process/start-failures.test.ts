import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { startRegistry } from '../support/registry-process.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { run, type RunResult } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

async function berth(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  return await run(process.execPath, [main, ...args], { mayFail: true, timeoutMs: 20_000, env })
}

/** One clear line on standard error, and a non-zero exit. */
function checkRefusal(result: RunResult, expected: RegExp): void {
  assert.notEqual(result.code, 0)
  assert.notEqual(result.code, undefined)
  assert.match(result.stderr, expected)
  assert.equal(result.stdout, '')
  assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr)
  assert.doesNotMatch(result.stderr, /\bat .+:\d+:\d+\)?$/m, 'no stack')
}

void test('what cannot start says why in one line', async (t) => {
  const folder = temporaryFolder(t).path
  const config = (name: string, value: unknown): string => {
    const file = join(folder, `${name}.yml`)
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
    return file
  }
  const storage = { filesystem: { rootdirectory: join(folder, 'store') } }

  await t.test('an address in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const file = config('in-use', { version: '0.1', storage, http: { addr: `127.0.0.1:${port}` } })
    checkRefusal(await berth(['serve', file]), new RegExp(`127\\.0\\.0\\.1:${port}.*in use`))
    server.close()
  })

  await t.test('an address of another machine', async () => {
    const file = config('foreign', { version: '0.1', storage, http: { addr: '192.0.2.1:5000' } })
    checkRefusal(await berth(['serve', file]), /192\.0\.2\.1:5000/)
  })

  await t.test('a folder that cannot be written to', async () => {
    writeFileSync(join(folder, 'file'), '')
    for (const rootdirectory of [join(folder, 'file', 'below'), '/proc/berth-store']) {
      const file = config('unwritable', {
        version: '0.1',
        storage: { filesystem: { rootdirectory } },
        http: { addr: '127.0.0.1:0' },
      })
      checkRefusal(
        await berth(['serve', file]),
        new RegExp(`cannot write to the storage at ${rootdirectory}`),
      )
    }
  })

  await t.test('a file that is not there, or is a folder', async () => {
    checkRefusal(await berth(['serve', join(folder, 'none.yml')]), /none\.yml/)
    checkRefusal(await berth(['serve', folder]), new RegExp(folder))
    checkRefusal(
      await berth(['serve'], { REGISTRY_CONFIGURATION_PATH: join(folder, 'none.yml') }),
      /none\.yml/,
    )
  })

  for (const [what, content, expected] of [
    ['not-yaml', '{ version: 0.1, storage: [', /not-yaml\.yml/],
    ['empty', '', /version|storage/],
    ['another-version', { version: '9.9', storage }, /version/],
    ['no-storage', { version: '0.1' }, /storage/],
    ['two-drivers', { version: '0.1', storage: { ...storage, inmemory: {} } }, /storage/],
    ['wrong-value', { version: '0.1', storage, http: { draintimeout: 'soon' } }, /draintimeout/],
    ['wrong-address', { version: '0.1', storage, http: { addr: 'nowhere' } }, /addr/],
    ['wrong-prefix', { version: '0.1', storage, http: { prefix: 'no-slash' } }, /prefix/],
  ] as const) {
    await t.test(`a bad file: ${what}`, async () => {
      const result = await berth(['serve', config(what, content)])
      assert.notEqual(result.code, 0)
      assert.match(result.stderr, expected)
      assert.match(result.stderr, /^configuration error: /)
      assert.doesNotMatch(result.stderr, /\bat .+:\d+:\d+\)?$/m, 'no stack')
    })
  }

  await t.test('rules for a group that is nowhere', async () => {
    const groupfile = join(folder, 'groups')
    writeFileSync(groupfile, 'ci: bot\n')
    const rules = [{ who: ['group:cii'], repositories: ['a'], allow: ['pull'] }]
    const file = config('no-group', {
      version: '0.1',
      storage,
      http: { addr: '127.0.0.1:0' },
      auth: { htpasswd: { realm: 'r', path: join(folder, 'htpasswd') } },
      access: { groupfile, rules },
    })
    writeFileSync(join(folder, 'htpasswd'), '')
    const { code, stderr } = await berth(['serve', file])
    assert.equal(code, 1)
    assert.match(
      stderr,
      /no-group\.yml:1:\d+: access\.rules\[0\]: group:cii is neither in access\.groups nor in access\.groupfile$/m,
    )
  })

  await t.test('a command that is none', async () => {
    const result = await berth(['sever'])
    assert.notEqual(result.code, 0)
    assert.match(result.stderr, /sever/)
  })
})

void test('a store that is used already is served by the next process as well', async (t) => {
  const root = temporaryFolder(t).path
  const first = await startRegistry({ kind: 'berth', root }, t)
  const second = await startRegistry({ kind: 'berth', root }, t)
  assert.equal((await first.stop()).code, 0)
  assert.equal((await second.stop()).code, 0)
})
