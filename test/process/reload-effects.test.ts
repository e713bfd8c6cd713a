import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as startRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { http } from '../support/http.ts'
import { requireProgram } from '../support/require-program.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates } from '../tls/certificates.ts'
import { startReloadable, type Reloadable, type Tree } from './reloadable.ts'

const octets = { 'Content-Type': 'application/octet-stream' }

interface Effect {
  readonly what: string
  readonly config: (folder: string) => Tree
  /** What is seen of it: once before, and once after. */
  readonly look: (registry: Reloadable) => Promise<unknown>
  readonly before: unknown
  readonly after: unknown
}

async function logged(registry: Reloadable, path: string): Promise<string> {
  const start = registry.daemon.output().length
  await http('GET', registry.url + path, { headers: { 'X-Forwarded-For': '203.0.113.9' } })
  await delay(400)
  return registry.daemon.output().slice(start)
}

const effects: readonly Effect[] = [
  {
    what: 'http.headers',
    config: () => ({ http: { headers: { 'X-Site': ['a'] } } }),
    look: async ({ url }) => (await http('GET', `${url}/v2/`)).headers['x-site'],
    before: undefined,
    after: 'a',
  },
  {
    what: 'http.prefix',
    config: () => ({ http: { prefix: '/p/' } }),
    look: async ({ url }) => (await http('GET', `${url}/p/v2/`)).status,
    before: 404,
    after: 200,
  },
  {
    what: 'http.host',
    config: () => ({ http: { host: 'https://hub.example' } }),
    look: async ({ url }) => {
      const { headers } = await http('POST', `${url}/v2/a/blobs/uploads/`)
      return String(headers.location).startsWith('https://hub.example/')
    },
    before: false,
    after: true,
  },
  {
    what: 'http.trustedproxies',
    config: () => ({ http: { trustedproxies: [] } }),
    look: async (registry) => /remoteaddr="?203\.0\.113\.9/.test(await logged(registry, '/v2/')),
    before: true,
    after: false,
  },
  {
    what: 'log.accesslog.disabled',
    config: () => ({ log: { accesslog: { disabled: true } } }),
    look: async (registry) => (await logged(registry, '/v2/')).includes('"GET /v2/ HTTP/1.1" 200'),
    before: true,
    after: false,
  },
  {
    what: 'log.level',
    config: () => ({ log: { level: 'error' } }),
    look: async (registry) => (await logged(registry, '/v2/')).includes('response completed'),
    before: true,
    after: false,
  },
  {
    what: 'catalog.maxentries',
    config: () => ({ catalog: { maxentries: 5 } }),
    look: async ({ url }) => (await http('GET', `${url}/v2/_catalog?n=6`)).status,
    before: 200,
    after: 400,
  },
  {
    what: 'storage.delete.enabled',
    config: () => ({ storage: { delete: { enabled: true } } }),
    look: async ({ url }) => (await http('DELETE', `${url}/v2/a/manifests/sha256:${'0'.repeat(64)}`)).status,
    before: 405,
    after: 404,
  },
  {
    what: 'storage.maintenance.readonly',
    config: () => ({ storage: { maintenance: { readonly: { enabled: true } } } }),
    look: async ({ url }) => (await http('POST', `${url}/v2/a/blobs/uploads/`)).status,
    before: 202,
    after: 405,
  },
  {
    what: 'health',
    config: (folder) => {
      writeFileSync(join(folder, 'down'), '')
      return { health: { file: [{ file: join(folder, 'down'), interval: '100ms' }] } }
    },
    look: async ({ url }) => {
      await delay(300)
      return (await http('GET', `${url}/v2/`)).status
    },
    before: 200,
    after: 503,
  },
]

/** By the debug listener, since a log of level error does not tell of it. */
async function reload({ debug }: Reloadable): Promise<void> {
  const answer = await http('POST', `${debug}/debug/reload`)
  assert.deepEqual(answer.json(), { status: 'applied', needRestart: [] })
}

void test('what a reload changes', async (t) => {
  for (const { what, config, look, before, after } of effects) {
    await t.test(what, async (sub) => {
      const folder = temporaryFolder(sub).path
      const registry = await startReloadable(sub)
      assert.equal(await look(registry), before)
      registry.write(config(folder))
      await reload(registry)
      assert.equal(await look(registry), after)
      rmSync(join(folder, 'down'), { force: true })
      registry.write({})
      await reload(registry)
      assert.equal(await look(registry), before, 'and back')
    })
  }
})

void test('what needs a restart is named as long as it does', async (t) => {
  const registry = await startReloadable(t)
  registry.write({ http: { addr: '127.0.0.1:1' } })
  for (let round = 0; round < 2; round++) assert.match(await registry.hangUp(), /needs\.restart=http\.addr/)
  registry.write({})
  assert.doesNotMatch(await registry.hangUp(), /needs\.restart/)
})

void test('an upload goes on over reloads, to read-only too', async (t) => {
  const registry = await startReloadable(t)
  const content = seededBytes('over a reload', 1_000_000)
  const upload = startRequest(`${registry.url}/v2/a/blobs/uploads/?digest=${digestOf(content)}`, {
    method: 'POST',
    headers: { ...octets, 'Content-Length': String(content.length) },
  })
  upload.write(content.subarray(0, 500_000))
  await delay(200)
  registry.write({ storage: { maintenance: { readonly: { enabled: true } } } })
  await registry.hangUp()
  assert.equal((await http('POST', `${registry.url}/v2/a/blobs/uploads/`)).status, 405)
  upload.end(content.subarray(500_000))
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 201)
})

void test('no reload while the registry stops', async (t) => {
  const registry = await startReloadable(t)
  const path = `/v2/a/blobs/uploads/?digest=${digestOf('1234567890')}`
  const upload = startRequest(registry.url + path, {
    method: 'POST',
    headers: { ...octets, 'Content-Length': '10' },
  })
  upload.on('error', () => {})
  upload.write('12345')
  await delay(200)
  const stopped = registry.daemon.stop()
  await delay(200)
  const refused = await http('POST', `${registry.debug}/debug/reload`)
  assert.equal(refused.status, 422)
  assert.match(refused.body.toString(), /stopping/)
  process.kill(registry.daemon.pid, 'SIGHUP')
  await delay(200)
  assert.ok(registry.daemon.running, 'a SIGHUP does not end it')
  assert.doesNotMatch(registry.daemon.output(), /configuration reloaded/)
  upload.end('67890')
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 201)
  assert.equal((await stopped).code, 0)
})

void test('client authorities that a reload takes away stay until the restart', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const { server, client, clientRoot, root } = await makeCertificates(temporaryFolder(t).path)
  const pair = { certificate: server.ecdsa.chain, key: server.ecdsa.key }
  const own = {
    ca: readFileSync(root.certificate),
    cert: readFileSync(client.good.certificate),
    key: readFileSync(client.good.key),
  }
  const tls = { ...pair, clientcas: [clientRoot.certificate] }
  const registry = await startReloadable(t, { http: { tls }, tls: own })
  registry.write({ http: { tls: pair } })
  assert.match(await registry.hangUp(), /needs\.restart=http\.tls\.clientcas/)
  const answer = await http('GET', `${registry.url}/v2/`, { tls: own, headers: { Connection: 'close' } })
  assert.equal(answer.status, 200)
  await assert.rejects(http('GET', `${registry.url}/v2/`, { tls: { ca: own.ca } }))
})
