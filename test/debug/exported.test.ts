import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { freePorts, startPebble } from '../acme/pebble.ts'
import { startProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { programPath, repositoryRoot, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import { allExpressions, monitoringFolder } from './expressions.ts'
import { asked } from './promql.ts'
import { keyOf, parseSamples, sampleOf, type Sample } from './samples.ts'
import { makeTraffic } from './traffic.ts'
import { startWatched } from './watched-registry.ts'

const health = {
  storagedriver: { enabled: true, interval: '1s' },
  file: [{ file: '/nonexistent/down', interval: '1s' }],
}

describe('the metrics of a registry', () => {
  it('hold all that the alerts and the dashboard ask for, and are described', async (t) => {
    if (!requireProgram(t, 'openssl', 'pebble', 'pebble-challtestsrv')) return
    const registry = await startWatched(t, { health })
    await makeTraffic(registry.url)
    const several = await startWatched(t, { workers: 2 })
    const samples = [
      ...(await registry.samples()),
      ...(await several.samples()),
      ...(await samplesWithCertificate(t)),
      ...(await samplesWithAcme(t)),
    ]
    const described = readFileSync(join(monitoringFolder, 'README.md'), 'utf8')
    for (const { name } of samples) {
      const family = name.replace(/_(?:bucket|sum|count)$/, '')
      if (/^(?:berth|registry)_/.test(name))
        assert.ok(described.includes(`\`${family}\``), `${family} is not in the README`)
    }
    const exported = new Map<string, Set<string>>([['up', new Set()]])
    for (const { name, labels } of samples) {
      const known = exported.get(name) ?? new Set()
      exported.set(name, new Set([...known, ...Object.keys(labels)]))
    }
    for (const { where, expression } of allExpressions()) {
      const { selectors, grouping } = asked(expression)
      assert.ok(selectors.length > 0, where)
      // Prometheus adds these to all that it reads.
      const labelsOf = (name: string): readonly string[] => ['job', 'instance', ...(exported.get(name) ?? [])]
      for (const { name, labels } of selectors) {
        assert.ok(exported.has(name), `${where}: nothing is exported as ${name}`)
        for (const label of labels)
          assert.ok(labelsOf(name).includes(label), `${where}: ${name} has no label ${label}`)
      }
      for (const label of grouping)
        assert.ok(
          selectors.some(({ name }) => labelsOf(name).includes(label)),
          `${where}: nothing there has a label ${label}`,
        )
    }
  })

  it("are good by Prometheus's own rules", async (t) => {
    if (!requireProgram(t, 'promtool')) return
    const registry = await startWatched(t, { health })
    await makeTraffic(registry.url)
    const { headers, body } = await http('GET', `${registry.debug}/metrics`)
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const { stdout, stderr } = await run(programPath('promtool'), ['check', 'metrics'], { input: body })
    assert.equal(stdout + stderr, '')
  })

  it('count what really happened', async (t) => {
    const registry = await startWatched(t)
    await makeTraffic(registry.url)
    const samples = await registry.samples()
    const upload = { handler: 'blob_upload_chunk', method: 'put', code: '201' }
    assert.equal(sampleOf(samples, 'registry_http_requests_total', upload), 2)
    assert.equal(sampleOf(samples, 'berth_http_unrouted_requests_total', { code: '404' }), 1)
    assert.equal(sampleOf(samples, 'berth_uploads_in_flight'), 0)
    assert.ok((sampleOf(samples, 'berth_http_request_body_bytes_total') ?? 0) > 300)
    assert.ok((sampleOf(samples, 'berth_http_response_body_bytes_total') ?? 0) > 1000)
    for (const handler of ['base', 'blob', 'blob_upload', 'blob_upload_chunk', 'catalog', 'manifest', 'tags'])
      assert.equal(sampleOf(samples, 'registry_http_in_flight_requests', { handler }), 0, handler)
    const writes = { driver: 'filesystem', action: 'Writer' }
    assert.ok((sampleOf(samples, 'registry_storage_action_seconds_count', writes) ?? 0) >= 2)
  })
})

for (const kind of ['distribution2', 'distribution3'] as const) {
  describe(`the metrics of a registry, beside ${kind}`, () => {
    it('have its names, labels and buckets, and count the same requests', async (t) => {
      if (!requireProgram(t, kind === 'distribution2' ? 'docker-registry' : kind)) return
      const [theirs, ours] = [await startWatched(t, cached, kind), await startWatched(t)]
      await makeTraffic(theirs.url)
      await makeTraffic(ours.url)
      const expected = (await theirs.samples()).filter(isOurs)
      const actual = (await ours.samples()).filter(isOurs)
      assert.ok(expected.length > 100)
      const missing = (of: (sample: Sample) => string): readonly string[] => {
        const have = new Set(actual.map(of))
        return [...new Set(expected.map(of))].filter((key) => !have.has(key))
      }
      assert.deepEqual(
        missing(({ name, labels }) => `${name} ${Object.keys(labels).toSorted().join(' ')}`),
        [],
        'names and labels',
      )
      assert.deepEqual(
        missing(({ name, labels }) => (labels['le'] === undefined ? '' : `${name} ${Number(labels['le'])}`)),
        [],
        'buckets',
      )
      assert.deepEqual(requests(actual), requests(expected))
    })
  })
}

/** So that Distribution has the metrics of its cache. */
const cached = { storage: { cache: { blobdescriptor: 'inmemory' }, delete: { enabled: true } } }

/** What both count: those of proxies and notifications come with these. */
function isOurs({ name, labels }: Sample): boolean {
  const isRedirect = labels['action'] === 'URLFor' || labels['action'] === 'RedirectURL'
  return /^registry_(?:http|storage)_/.test(name) && !isRedirect
}

/** How many requests of which handler, method and code. */
function requests(samples: readonly Sample[]): readonly string[] {
  return samples
    .filter(({ name }) => name === 'registry_http_requests_total')
    .map(({ labels, value }) => `${keyOf(labels)} ${value}`)
    .toSorted()
}

/** Of a registry that serves a certificate from a file. */
async function samplesWithCertificate(t: TestContext): Promise<readonly Sample[]> {
  const { certificate, key } = await makeCertificate(temporaryFolder(t).path, { name: 'registry' })
  return await samplesWithTls(
    t,
    { certificate, key },
    async (port) => await statusOf(port, readFileSync(certificate)),
  )
}

/** Of a registry whose certificate an ACME authority issued. */
async function samplesWithAcme(t: TestContext): Promise<readonly Sample[]> {
  const [port = 0] = await freePorts(1)
  const pebble = await startPebble({ tlsPort: port }, t)
  const letsencrypt = {
    cachefile: join(temporaryFolder(t).path, 'cache'),
    hosts: [acmeHost],
    directoryurl: pebble.directoryUrl,
  }
  const ask = async (): Promise<number> => await statusOf(port, await pebble.root(), acmeHost)
  return await samplesWithTls(t, { letsencrypt }, ask, port, { NODE_EXTRA_CA_CERTS: pebble.caFile })
}

const acmeHost = 'registry.example.com'

/** `ask` gives the status of a request, which is 200 once there is a certificate. */
async function samplesWithTls(
  t: TestContext,
  tls: object,
  ask: (port: number) => Promise<number>,
  givenPort?: number,
  env: NodeJS.ProcessEnv = {},
): Promise<readonly Sample[]> {
  const folder = temporaryFolder(t).path
  const [freeOne = 0, debug = 0] = await freePorts(2)
  const port = givenPort ?? freeOne
  const file = join(folder, 'config.yml')
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(folder, 'root') } },
    http: {
      addr: `127.0.0.1:${port}`,
      tls,
      debug: { addr: `127.0.0.1:${debug}`, prometheus: { enabled: true } },
    },
  }
  writeFileSync(file, JSON.stringify(config))
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const daemon = await startProcess(process.execPath, [main, 'serve', file], {
    env,
    isReady: async () => (await ask(port)) === 200,
  })
  t.after(() => daemon.stop())
  return parseSamples((await http('GET', `http://127.0.0.1:${debug}/metrics`)).body.toString())
}

async function statusOf(port: number, ca: string | Buffer, host: string = 'localhost'): Promise<number> {
  return await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/v2/', servername: host, ca, agent: false }
    const sent = request(options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}
