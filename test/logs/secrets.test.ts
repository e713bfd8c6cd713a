import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it, type TestContext } from 'node:test'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { raw } from '../hostile/raw.ts'
import { Secrets } from './secrets.ts'

describe('what is looked for', () => {
  it('is found in every form', () => {
    const secrets = new Secrets()
    const secret = secrets.make('one')
    assert.deepEqual(secrets.within('nothing'), [])
    for (const text of [
      `a ${secret} b`,
      `?token=${encodeURIComponent(secret)}`,
      ...['u:', 'us:', 'user:'].map((user) => Buffer.from(`${user}${secret}`).toString('base64')),
      Buffer.from(`user:${secret}`).toString('base64url'),
    ]) {
      assert.deepEqual(secrets.within(text), ['one'], text)
    }
  })
})

describe('no secret is in the output of a registry at level debug', () => {
  for (const formatter of ['text', 'json', 'logstash'] as const) {
    it(`with the formatter ${formatter}`, async (t) => {
      const secrets = new Secrets()
      const [port, debugPort, closed] = [await freePort(), await freePort(), await freePort()]
      const root = temporaryFolder(t).path
      const file = join(root, 'config.yml')
      const settings = { port, debugPort, closed, root, formatter }
      writeFileSync(file, JSON.stringify(configuration(settings, secrets)))
      const registry = await start(t, file, port, environment(closed, secrets))

      await ask(port, debugPort, secrets)
      // A reload that fails names what is wrong, ...
      writeFileSync(file, JSON.stringify(brokenConfiguration(settings, secrets)))
      process.kill(registry.pid, 'SIGHUP')
      await until(registry, /not reloaded/)
      writeFileSync(file, `secret: "${secrets.make('unended')}\n http: {`)
      process.kill(registry.pid, 'SIGHUP')
      await until(registry, /not reloaded[^]*not reloaded/)
      // ... and one that succeeds tells what changed.
      writeFileSync(file, JSON.stringify(configuration(settings, secrets)))
      process.kill(registry.pid, 'SIGHUP')
      await until(registry, /configuration reloaded/)
      await ask(port, debugPort, secrets)
      await registry.stop()

      const output = registry.output()
      assert.match(output, /response completed/)
      assert.match(output, /GET \/v2\/a\/tags\/list/)
      // The mail, the traces and the health check of the configuration failed, and said so.
      assert.match(output, /log\.hooks: mail not sent/)
      assert.match(output, /traces: problem/)
      assert.match(output, /health/)
      // Of what was refused, and warned of, the places are named.
      for (const place of ['health.http[0].headers.X-Vault-Token', 'health.http[1].uri', 'http.prefix']) {
        assert.ok(output.includes(`${place}: found `), place)
      }
      assert.match(output, /http\.host: [^]{1,3}registry\.example\.com\?token=\*\*\*/)
      assert.deepEqual(secrets.within(output), [], output)
    })
  }

  it('and neither when it does not start', async (t) => {
    const secrets = new Secrets()
    const [port, debugPort, closed] = [await freePort(), await freePort(), await freePort()]
    const root = temporaryFolder(t).path
    const file = join(root, 'config.yml')
    const settings = { port, debugPort, closed, root, formatter: 'text' }
    writeFileSync(file, JSON.stringify(brokenConfiguration(settings, secrets)))
    const end = await start(t, file, port, environment(closed, secrets)).then(
      () => assert.fail('it started'),
      (error: unknown) => String(error),
    )
    assert.match(end, /http\.draintimeout/)
    assert.deepEqual(secrets.within(end), [], end)
  })
})

interface Settings {
  readonly port: number
  readonly debugPort: number
  /** A port on which nobody listens. */
  readonly closed: number
  readonly root: string
  readonly formatter: string
}

/** Secrets in every place that starts. */
function configuration({ port, debugPort, closed, root, formatter }: Settings, secrets: Secrets): object {
  const secret = (name: string): string => secrets.make(name)
  return {
    version: 0.1,
    log: {
      level: 'debug',
      formatter,
      fields: { service: 'registry', password: secret('log-field'), apitoken: secret('log-field-token') },
      hooks: [
        {
          type: 'mail',
          levels: ['error', 'warn'],
          options: {
            smtp: { addr: `127.0.0.1:${closed}`, username: 'mailer', password: secret('smtp') },
            from: 'registry@example.com',
            to: ['operator@example.com'],
          },
        },
      ],
    },
    storage: { filesystem: { rootdirectory: join(root, 'store'), secretkey: secret('filesystem') } },
    http: {
      addr: `127.0.0.1:${port}`,
      // No URL, which a warning says.
      host: `registry.example.com?token=${encodeURIComponent(secret('host-query'))}`,
      secret: secret('http'),
      debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true } },
      secretkey: secret('unknown-key'),
    },
    health: {
      http: [
        {
          uri: `http://prober:${encodeURIComponent(secret('health-user'))}@127.0.0.1:${closed}/?token=${encodeURIComponent(secret('health-query'))}`,
          headers: {
            Authorization: [`Bearer ${secret('health-header')}`],
            'X-Vault-Token': [secret('vault')],
            'X-Any': [secret('health-any-header')],
          },
          interval: '100ms',
          threshold: 1_000_000,
        },
        {
          uri: `http://127.0.0.1:${closed}/?access_token=${encodeURIComponent(secret('health-access-token'))}`,
          interval: '100ms',
          threshold: 1_000_000,
        },
      ],
      storagedriver: { enabled: true, interval: '100ms', threshold: 3 },
    },
    redis: { addr: '127.0.0.1:1', password: secret('redis') },
    proxy: { username: 'puller', password: secret('proxy') },
    reporting: { bugsnag: { apikey: secret('bugsnag') }, newrelic: { licensekey: secret('newrelic') } },
    notifications: {
      endpoints: [
        {
          name: 'off',
          disabled: true,
          url: `http://user:${encodeURIComponent(secret('endpoint-user'))}@127.0.0.1:1/`,
          headers: { Authorization: [`Bearer ${secret('endpoint-header')}`] },
        },
      ],
    },
    passwords: { admin: secret('unknown-section') },
  }
}

/** The same with mistakes beside, and in, the secrets. */
function brokenConfiguration(settings: Settings, secrets: Secrets): object {
  const base = configuration(settings, secrets) as Record<string, object>
  return {
    ...base,
    http: {
      ...base['http'],
      secret: [secrets.make('secret-in-list')],
      draintimeout: 'soon',
      prefix: `registry?token=${encodeURIComponent(secrets.make('prefix-query'))}`,
      headers: { 'X-Api-Key': secrets.make('header-text') },
    },
    health: {
      http: [
        // Text in place of a list, or of the whole map, and a URI that is none.
        {
          uri: `x?access_token=${encodeURIComponent(secrets.make('broken-uri'))}`,
          headers: { 'X-Vault-Token': secrets.make('vault-text'), 'X-Any': secrets.make('any-text') },
        },
        { uri: `x?${encodeURIComponent(secrets.make('bare-query'))}`, headers: secrets.make('headers-text') },
      ],
    },
    redis: { password: { value: secrets.make('redis-map') } },
    auth: { silly: { realm: 'r', service: 's', password: secrets.make('silly') } },
    proxy: { remoteurl: `https://u:${encodeURIComponent(secrets.make('proxy-url'))}@example.com` },
    storage: { s3: { accesskey: secrets.make('s3-key'), secretkey: secrets.make('s3-secret'), bucket: 'b' } },
  }
}

function environment(closed: number, secrets: Secrets): NodeJS.ProcessEnv {
  const token = encodeURIComponent(secrets.make('otel-header'))
  return {
    REGISTRY_REDIS_PASSWORD: JSON.stringify(secrets.make('redis-variable')),
    REGISTRY_PASSWORD: secrets.make('unknown-variable'),
    REGISTRY_HTTP_SECRETS_KEY: secrets.make('unknown-variable-below'),
    OTEL_TRACES_EXPORTER: 'otlp,nonsense',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://tracer:${encodeURIComponent(secrets.make('otel-user'))}@127.0.0.1:${closed}`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token},broken`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }
}

async function start(
  test: TestContext,
  file: string,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<BackgroundProcess> {
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const registry = await startProcess(process.execPath, [main, 'serve', file], {
    env,
    isReady: async () => (await http('GET', `http://127.0.0.1:${port}/v2/`)).status === 200,
  })
  test.after(async () => {
    if (registry.running) await registry.kill()
  })
  return registry
}

/** Requests that succeed and that fail, each with secrets in all places that clients have for them. */
async function ask(port: number, debugPort: number, secrets: Secrets): Promise<void> {
  const secret = (name: string): string => secrets.make(name)
  const targets: readonly (readonly [string, string])[] = [
    ['GET', '/v2/'],
    ['GET', '/v2/a/tags/list'],
    ['GET', '/v2/a/manifests/latest'],
    ['GET', '/v2/a/blobs/sha256:zz'],
    ['GET', '/v2/A/tags/list'],
    ['GET', '/nowhere'],
    ['DELETE', '/v2/_catalog'],
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/latest'],
    ['PUT', '/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000'],
  ]
  for (const [method, path] of targets) {
    const query = `token=${encodeURIComponent(secret('query'))}&_state=${encodeURIComponent(secret('state'))}&n=1`
    const referer = `https://reader:${encodeURIComponent(secret('referer'))}@example.com/?access_token=${encodeURIComponent(secret('referer-query'))}`
    await http(method, `http://127.0.0.1:${port}${path}?${query}`, {
      headers: {
        Authorization: `Bearer ${secret('bearer')}`,
        'Proxy-Authorization': `Basic ${Buffer.from(`user:${secret('proxy-basic')}`).toString('base64')}`,
        Cookie: `session=${encodeURIComponent(secret('cookie'))}`,
        'X-Registry-Auth': Buffer.from(JSON.stringify({ password: secret('registry-auth') })).toString(
          'base64',
        ),
        Referer: referer,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        baggage: `key=${encodeURIComponent(secret('baggage'))}`,
      },
      ...(method.startsWith('P') && { body: `{"password": ${JSON.stringify(secret('body'))}` }),
    })
  }
  // Odd spellings, of which a log could take a secret for something else.
  for (const [name, referer] of [
    ['fragment', 'https://example.com/#access_token='],
    ['semicolon', 'https://example.com/?n=1;token='],
    ['hidden parameter', 'https://example.com/?n=1%26token='],
    ['bare parameter', 'https://example.com/?'],
  ] as const) {
    await http('GET', `http://127.0.0.1:${port}/v2/`, {
      headers: { Referer: referer + encodeURIComponent(secret(name)) },
    })
  }
  await raw(
    port,
    `GET /v2/ HTTP/1.1\r\nHost: me:${encodeURIComponent(secret('host-user'))}@x\r\nConnection: close\r\n\r\n`,
  )
  await raw(
    port,
    `GET /v2/ HTTP/1.1\r\nHost: x\r\nReferer: https://me:pass/${encodeURIComponent(secret('slash'))}@x/\r\nConnection: close\r\n\r\n`,
  )
  const basic = Buffer.from(`user:${secret('basic')}`).toString('base64')
  await http('GET', `http://127.0.0.1:${port}/v2/`, { headers: { Authorization: `Basic ${basic}` } })
  // A whole URL as the target, and what the parser refuses.
  const user = encodeURIComponent(secret('target-user'))
  await raw(
    port,
    `GET http://user:${user}@127.0.0.1/v2/a/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  )
  await raw(
    port,
    `GET /v2/?token=${encodeURIComponent(secret('broken'))} HTTP/1.1\r\nAuthorization : ${basic}\r\n\r\n`,
  )
  for (const path of ['/metrics', '/debug/health', '/debug/vars']) {
    await http(
      'GET',
      `http://127.0.0.1:${debugPort}${path}?token=${encodeURIComponent(secret('debug-query'))}`,
    )
  }
}

async function until(registry: BackgroundProcess, wanted: RegExp): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!wanted.test(registry.output())) {
    assert.ok(Date.now() < deadline, `no ${String(wanted)} in:\n${registry.output()}`)
    await delay(25)
  }
}
