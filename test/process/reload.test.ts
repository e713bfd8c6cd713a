import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { http, type HttpResponse } from '../support/http.ts'
import { freePort } from '../support/registry-process.ts'
import { repositoryRoot, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Tree = Readonly<Record<string, unknown>>

/** A registry whose file can be written anew. */
interface Reloadable {
  readonly url: string
  readonly debug: string
  readonly daemon: BackgroundProcess
  write(change: Tree): void
  /** SIGHUP, until the log says what came of it. */
  hangUp(): Promise<string>
}

async function start(t: TestContext): Promise<Reloadable> {
  const folder = temporaryFolder(t).path
  const file = join(folder, 'config.yml')
  const [port, debugPort] = [await freePort(), await freePort()]
  const write = (change: Tree): void => {
    const { http: httpChange, ...rest } = change
    const config = {
      version: '0.1',
      storage: { filesystem: { rootdirectory: join(folder, 'root') } },
      http: {
        addr: `127.0.0.1:${port}`,
        debug: { addr: `127.0.0.1:${debugPort}` },
        ...(httpChange as Tree | undefined),
      },
      ...rest,
    }
    writeFileSync(file, JSON.stringify(config))
  }
  write({})
  const url = `http://127.0.0.1:${port}`
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const daemon = await startProcess(process.execPath, [main, 'serve', file], {
    isReady: async () => (await http('GET', `${url}/v2/`)).status === 200,
  })
  t.after(() => daemon.stop())
  const hangUp = async (): Promise<string> => {
    const before = daemon.output().length
    process.kill(daemon.pid, 'SIGHUP')
    for (let tries = 0; tries < 500; tries++) {
      const line = /.*configuration (?:not )?reloaded.*/.exec(daemon.output().slice(before))
      if (line !== null) return line[0]
      await delay(10)
    }
    throw new Error(`nothing came of SIGHUP: ${daemon.output()}`)
  }
  return { url, debug: `http://127.0.0.1:${debugPort}`, daemon, write, hangUp }
}

async function startUpload(url: string): Promise<HttpResponse> {
  return await http('POST', `${url}/v2/r/blobs/uploads/`)
}

void test('SIGHUP', async (t) => {
  const registry = await start(t)

  await t.test('applies what can change while running', async () => {
    assert.equal((await startUpload(registry.url)).status, 202)
    registry.write({
      http: { headers: { 'X-Site': ['a'] }, relativeurls: true },
      storage: { inmemory: {}, maintenance: { readonly: { enabled: true } } },
      log: { level: 'debug' },
    })
    const line = await registry.hangUp()
    assert.match(line, /configuration reloaded/)
    assert.match(line, /needs\.restart="?storage\.inmemory/, 'what cannot change is named')
    const base = await http('GET', `${registry.url}/v2/`)
    assert.equal(base.headers['x-site'], 'a')
    const refused = await startUpload(registry.url)
    assert.equal(refused.status, 405)
    assert.match(refused.body.toString(), /UNSUPPORTED.*read-only/)
    registry.write({})
    await registry.hangUp()
    const again = await startUpload(registry.url)
    assert.equal(again.status, 202)
    assert.equal(again.headers['x-site'], undefined)
    assert.match(String(again.headers.location), /^http:/)
  })

  await t.test('changes nothing when anything is wrong, and says what', async () => {
    registry.write({ http: { headers: { 'X-Site': ['b'] } }, log: { level: 'loud' } })
    const line = await registry.hangUp()
    assert.match(line, /level=error/)
    assert.match(line, /config\.yml:1:\d+: log\.level: found \\?"loud\\?"; allowed: error, warn, info, debug/)
    assert.equal((await http('GET', `${registry.url}/v2/`)).headers['x-site'], undefined)
    assert.ok(registry.daemon.running)
  })
})

void test('POST /debug/reload does the same, and answers with what came of it', async (t) => {
  const registry = await start(t)
  registry.write({ http: { headers: { 'X-Site': ['c'] }, debug: { addr: registry.debug.slice(7) } } })
  const done = await http('POST', `${registry.debug}/debug/reload`)
  assert.equal(done.status, 200, done.body.toString())
  assert.equal((await http('GET', `${registry.url}/v2/`)).headers['x-site'], 'c')
  registry.write({ http: { prefix: 'no-slash' } })
  const refused = await http('POST', `${registry.debug}/debug/reload`)
  assert.equal(refused.status, 422)
  assert.match(refused.body.toString(), /http\.prefix/)
  assert.equal((await http('GET', `${registry.debug}/debug/reload`)).status, 405)
  assert.equal(
    (await http('POST', `${registry.url}/debug/reload`)).status,
    404,
    'on the debug listener alone',
  )
})

void test('a reload under load loses no request', async (t) => {
  if (!requireProgram(t, 'wrk')) return
  const registry = await start(t)
  const load = run('wrk', ['-t1', '-c16', '-d4s', `${registry.url}/v2/`])
  for (let round = 0; round < 10; round++) {
    await delay(250)
    registry.write({ http: { headers: { 'X-Round': [String(round)] } } })
    assert.match(await registry.hangUp(), /configuration reloaded/)
  }
  const { stdout } = await load
  assert.match(stdout, /requests in/)
  assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout)
})
