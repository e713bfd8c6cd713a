import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { http, type HttpResponse } from '../support/http.ts'
import { requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { startReloadable } from './reloadable.ts'

async function startUpload(url: string): Promise<HttpResponse> {
  return await http('POST', `${url}/v2/r/blobs/uploads/`)
}

void test('SIGHUP', async (t) => {
  const registry = await startReloadable(t)

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
  const registry = await startReloadable(t)
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
  const registry = await startReloadable(t)
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
