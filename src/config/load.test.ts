import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './config.ts'
import { loadConfig } from './load.ts'
import { describeSource } from './source.ts'
import { loadText, warningsOf, withFile } from './test-load.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'

test('without a file, everything is beside the working directory', () => {
  const { config, warnings, file, sources } = loadConfig({ env: {}, places: [] })
  const expected: Config = {
    version: '0.1',
    log: {
      level: 'info',
      formatter: 'text',
      fields: {},
      accesslog: { disabled: false },
      reportcaller: false,
      hooks: [],
    },
    storage: {
      driver: { name: 'filesystem', rootdirectory: './data', maxthreads: 100 },
      delete: { enabled: false },
      redirect: { disable: false },
      cache: { blobdescriptorsize: 10_000 },
      tag: { concurrencylimit: 0 },
      maintenance: {
        uploadpurging: { enabled: true, age: 604_800_000, interval: 86_400_000, dryrun: false },
        readonly: { enabled: false },
      },
    },
    middleware: { storage: [] },
    redis: {
      addrs: [],
      db: 0,
      protocol: 2,
      dialtimeout: 5_000,
      readtimeout: 3_000,
      writetimeout: 3_000,
      minretrybackoff: 100,
      maxretrybackoff: 5_000,
      maxredirects: 3,
      disableidentity: false,
      tls: { rootcas: [] },
    },
    http: {
      addr: ':5000',
      net: 'tcp',
      prefix: '/',
      relativeurls: false,
      draindelay: 0,
      headers: { 'X-Content-Type-Options': ['nosniff'] },
      tls: {
        clientcas: [],
        clientauth: 'require-and-verify-client-cert',
        minimumtls: 'tls1.2',
        ciphersuites: [],
        letsencrypt: { hosts: [] },
      },
      http2: { disabled: false },
      h2c: { enabled: false },
      debug: { prometheus: { enabled: false, path: '/metrics' } },
      timeouts: { header: 30_000, idle: 620_000, body: 60_000, answer: 600_000 },
      limits: { headersize: 65_536, connections: 0 },
    },
    health: {
      storagedriver: { enabled: false, interval: 10_000, threshold: 0 },
      file: [],
      http: [],
      tcp: [],
    },
    catalog: { maxentries: 1000 },
    tags: { maxtags: 1000 },
    validation: { disabled: false },
    auth: { name: 'none' },
    access: { rules: [], groups: {}, immutable: [], token: { expires: 300_000, service: 'berth' } },
    audit: {},
    workers: 1,
  }
  assert.deepEqual(config, expected)
  assert.deepEqual(warnings, [])
  assert.equal(file, undefined)
  assert.deepEqual(sources.get('storage.filesystem.rootdirectory'), { kind: 'default' })
})

function load(env: Readonly<Record<string, string>>): Config {
  return loadConfig({ env, places: [] }).config
}

test('without a file, variables still count, and may bring another driver', () => {
  assert.deepEqual(load({ REGISTRY_STORAGE: 'inmemory' }).storage.driver, { name: 'inmemory' })
  assert.deepEqual(load({ REGISTRY_STORAGE_INMEMORY: '' }).storage.driver, { name: 'inmemory' })
  const root = load({ REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/srv' }).storage.driver
  assert.deepEqual(root, { name: 'filesystem', rootdirectory: '/srv', maxthreads: 100 })
})

test('other defaults can be given', () => {
  const defaults = { version: '0.1', storage: 'inmemory', http: { addr: ':0' } }
  assert.equal(
    loadConfig({ env: {}, places: [], defaults: { ...defaults, storage: { inmemory: {} } } }).config.http
      .addr,
    ':0',
  )
})

// The files in the official images, from what the reference says of them.
const version2 = `version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`
const version3 = `version: 0.1
log:
  level: debug
  fields:
    service: registry
    environment: development
storage:
  delete:
    enabled: true
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
  tag:
    concurrencylimit: 5
http:
  addr: :5000
  debug:
    addr: :5001
    prometheus:
      enabled: true
      path: /metrics
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`

test('the file of registry:2', () => {
  const { config } = loadText(version2)
  assert.deepEqual(config.log.fields, { service: 'registry' })
  assert.equal(config.log.level, 'info')
  assert.deepEqual(config.storage.driver, {
    name: 'filesystem',
    rootdirectory: '/var/lib/registry',
    maxthreads: 100,
  })
  assert.equal(config.storage.cache.blobdescriptor, 'inmemory')
  assert.equal(config.storage.delete.enabled, false)
  assert.deepEqual(config.http.headers, { 'X-Content-Type-Options': ['nosniff'] })
  assert.deepEqual(config.health.storagedriver, { enabled: true, interval: 10_000, threshold: 3 })
  assert.deepEqual(warningsOf(version2), [])
})

test('the file of registry:3', () => {
  const { config } = loadText(version3)
  assert.deepEqual(config.log.fields, { service: 'registry', environment: 'development' })
  assert.equal(config.log.level, 'debug')
  assert.equal(config.storage.delete.enabled, true)
  assert.equal(config.storage.tag.concurrencylimit, 5)
  assert.deepEqual(config.http.headers, {})
  assert.deepEqual(config.http.debug, { addr: ':5001', prometheus: { enabled: true, path: '/metrics' } })
  assert.deepEqual(warningsOf(version3), [])
})

interface Case {
  readonly yaml: string
  readonly pick: (config: Config) => unknown
  readonly expected: unknown
}

const effects: readonly Case[] = [
  { yaml: 'loglevel: WARN', pick: (config) => config.log.level, expected: 'warn' },
  { yaml: 'loglevel: warn\nlog: {level: error}', pick: (config) => config.log.level, expected: 'error' },
  { yaml: 'log: {level: ""}', pick: (config) => config.log.level, expected: 'info' },
  { yaml: 'log: {formatter: logstash}', pick: (config) => config.log.formatter, expected: 'logstash' },
  {
    yaml: 'log: {accesslog: {disabled: on}}',
    pick: (config) => config.log.accesslog.disabled,
    expected: true,
  },
  { yaml: 'log:', pick: (config) => config.log.level, expected: 'info' },
  { yaml: 'http: {secret: 0123}', pick: (config) => config.http.secret, expected: '0123' },
  { yaml: 'http: {host: ""}', pick: (config) => 'host' in config.http, expected: false },
  { yaml: 'http: {prefix: /a/b/}', pick: (config) => config.http.prefix, expected: '/a/b/' },
  { yaml: 'http: {prefix: /a}', pick: (config) => config.http.prefix, expected: '/a/' },
  { yaml: 'http: {prefix: ""}', pick: (config) => config.http.prefix, expected: '/' },
  {
    yaml: 'http: {net: unix, addr: /run/a.sock}',
    pick: (config) => config.http.addr,
    expected: '/run/a.sock',
  },
  { yaml: 'http: {draintimeout: 1m30s}', pick: (config) => config.http.draintimeout, expected: 90_000 },
  { yaml: 'http: {draintimeout: 0}', pick: (config) => config.http.draintimeout, expected: 0 },
  { yaml: 'http: {draintimeout: 0s}', pick: (config) => config.http.draintimeout, expected: 0 },
  { yaml: 'http: {draintimeout: 1.5ms}', pick: (config) => config.http.draintimeout, expected: 2 },
  {
    yaml: 'http: {timeouts: {header: 1500us, idle: 9999h, body: 1ns, answer: 0.067s}}',
    pick: (config) => config.http.timeouts,
    expected: { header: 2, idle: 2 ** 31 - 1, body: 1, answer: 67 },
  },
  {
    yaml: 'http: {timeouts: {header: 596h31m23s647ms, idle: 596h31m23s648ms, body: 0, answer: -1s}}',
    pick: (config) => config.http.timeouts,
    expected: { header: 2 ** 31 - 1, idle: 2 ** 31 - 1, body: 60_000, answer: 600_000 },
  },
  { yaml: 'http: {draintimeout: 9999h}', pick: (config) => config.http.draintimeout, expected: 2 ** 31 - 1 },
  {
    yaml: 'health: {file: [{file: a, interval: 1ns}, {file: a, interval: 100.5ms}, {file: a, interval: 9999h}, {file: a, interval: 0}]}',
    pick: (config) => config.health.file.map(({ interval }) => interval),
    expected: [100, 101, 2 ** 31 - 1, 10_000],
  },
  {
    yaml: 'health: {storagedriver: {interval: 99ms}, http: [{uri: "http://a", timeout: 1us}], tcp: [{addr: "a:1", timeout: 9999h}]}',
    pick: ({ health: { storagedriver, http, tcp } }) => [
      storagedriver.interval,
      http[0]?.timeout,
      tcp[0]?.timeout,
    ],
    expected: [100, 1, 2 ** 31 - 1],
  },
  { yaml: 'http: {draindelay: 10s}', pick: (config) => config.http.draindelay, expected: 10_000 },
  { yaml: 'http: {draindelay: }', pick: (config) => config.http.draindelay, expected: 0 },
  { yaml: 'http: {draintimeout: }', pick: (config) => config.http.draintimeout, expected: undefined },
  {
    yaml: 'http: {headers: {X-A: [1, yes]}}',
    pick: (config) => config.http.headers,
    expected: { 'X-A': ['1', 'yes'] },
  },
  { yaml: 'catalog: {maxentries: -1}', pick: (config) => config.catalog.maxentries, expected: 1000 },
  { yaml: 'catalog: {maxentries: 5}', pick: (config) => config.catalog.maxentries, expected: 5 },
  { yaml: 'tags: {maxtags: 0}', pick: (config) => config.tags.maxtags, expected: 1000 },
  { yaml: 'validation: {disabled: true}', pick: (config) => config.validation.disabled, expected: true },
  { yaml: 'auth: none', pick: (config) => config.version, expected: '0.1' },
  { yaml: 'auth: {none: }', pick: (config) => config.version, expected: '0.1' },
  {
    yaml: 'http: {tls: {certificate: "", key: "", clientcas: []}}',
    pick: (config) => config.http.addr,
    expected: ':5000',
  },
  { yaml: 'proxy: {remoteurl: ""}', pick: (config) => config.version, expected: '0.1' },
  {
    yaml: 'middleware: {storage: [{name: redirect, disabled: true}]}',
    pick: (config) => config.middleware.storage,
    expected: [],
  },
]

for (const { yaml, pick, expected } of effects) {
  test(`the effect of ${yaml.replaceAll('\n', ', ')}`, () => {
    const { config, warnings } = loadText(minimal + yaml)
    assert.deepEqual(pick(config), expected)
    assert.deepEqual(warnings, [])
  })
}

test('how often uploads are purged is bounded, and how old they must be is not', () => {
  const storage = 'storage: {inmemory: , maintenance: {uploadpurging: {interval: 9999h, age: 9999h}}}'
  const { uploadpurging } = loadText(`version: 0.1\n${storage}\n`).config.storage.maintenance
  assert.equal(uploadpurging.interval, 2 ** 31 - 1)
  assert.equal(uploadpurging.age, 9999 * 3_600_000)
})

const drivers: readonly (readonly [string, unknown])[] = [
  ['inmemory', { name: 'inmemory' }],
  ['{inmemory: }', { name: 'inmemory' }],
  ['filesystem', { name: 'filesystem', rootdirectory: '/var/lib/registry', maxthreads: 100 }],
  ['{filesystem: {rootdirectory: 0123}}', { name: 'filesystem', rootdirectory: '83', maxthreads: 100 }],
  [
    '{filesystem: {rootdirectory: /a, maxthreads: "50"}}',
    { name: 'filesystem', rootdirectory: '/a', maxthreads: 50 },
  ],
  [
    '{filesystem: {maxthreads: 1}}',
    { name: 'filesystem', rootdirectory: '/var/lib/registry', maxthreads: 25 },
  ],
]

for (const [storage, expected] of drivers) {
  test(`the driver of storage: ${storage}`, () => {
    assert.deepEqual(loadText(`version: 0.1\nstorage: ${storage}\n`).config.storage.driver, expected)
  })
}

const doubts: readonly (readonly [string, readonly string[]])[] = [
  ['htpp: {}', ['config.yml:3:1: htpp: unknown key, ignored (did you mean http?)']],
  ['http: {adr: ":1"}', ['config.yml:3:8: http.adr: unknown key, ignored (did you mean addr?)']],
  ['http: {ADDR: ":1"}', ['config.yml:3:8: http.ADDR: unknown key, ignored (did you mean addr?)']],
  ['upstreams: 4', ['config.yml:3:1: upstreams: unknown key, ignored']],
  [
    'http: {draintimeout: 5}',
    ['config.yml:3:22: http.draintimeout: 5 without a unit is nanoseconds; write for example 5s for seconds'],
  ],
  [
    'http: {host: registry.example.com}',
    [
      'config.yml:3:14: http.host: "registry.example.com" is no absolute URL such as https://registry.example.com, ignored',
    ],
  ],
  [
    'http: {host: "a?token=b"}',
    [
      'config.yml:3:14: http.host: "a?token=***" is no absolute URL such as https://registry.example.com, ignored',
    ],
  ],
  ...[
    'Connection',
    'Content-Length',
    'transfer-encoding',
    'KEEP-ALIVE',
    'Upgrade',
    'Te',
    'Trailer',
    'Proxy-Connection',
  ].map((name): [string, readonly string[]] => [
    `http: {headers: {X-A: [b], ${name}: [c]}}`,
    [`config.yml:3:28: http.headers.${name}: ignored: it belongs to the connection`],
  ]),
  [
    'http: {draintimeout: 10000000000}',
    ['config.yml:3:22: http.draintimeout: 10000000000 without a unit is nanoseconds; write 10s'],
  ],
  [
    'http: {tls: {minimumtls: TLS1.3, ciphersuites: [TLS_AES_128_GCM_SHA256]}}',
    [
      'config.yml:3:48: http.tls.ciphersuites: no effect, since minimumtls is tls1.3, whose cipher suites are all safe',
    ],
  ],
  [
    'http: {tls: {clientauth: request-client-cert}}',
    [
      'config.yml:3:26: http.tls.clientauth: no effect without http.tls.clientcas: clients are not asked for certificates',
    ],
  ],
  ['redis: {addrs: [a]}', ['config.yml:3:8: redis: no effect without storage.cache.blobdescriptor: redis']],
  [
    'reporting: {newrelic: {verbose: true}}',
    ['config.yml:3:1: reporting: not available in this version, ignored'],
  ],
  [
    'reporting: {bugsnag: {apikey: a}}',
    ['config.yml:3:1: reporting: not available in this version, ignored'],
  ],
  [
    'validation: {manifests: {urls: {allow: [a]}}}',
    ['config.yml:3:14: validation.manifests: not available in this version, ignored'],
  ],
]

for (const [yaml, expected] of doubts) {
  test(`the warning of ${yaml}`, () => {
    assert.deepEqual(warningsOf(minimal + yaml), expected)
  })
}

test('the source of each value is known', () => {
  withFile('version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: /a\n', (file) => {
    const { sources } = loadConfig({ file, env: { REGISTRY_HTTP_ADDR: ':1' } })
    const of = (path: string): string => describeSource(sources.get(path) ?? { kind: 'default' })
    assert.equal(of('storage.filesystem.rootdirectory'), `${file}:4:20`)
    assert.equal(of('http.addr'), 'REGISTRY_HTTP_ADDR')
    assert.equal(of('http.net'), 'default')
  })
})

test('the configuration is frozen through and through', () => {
  const { config } = loadText(`${minimal}log: {fields: {a: {b: [1]}}}\n`)
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    assert.ok(Object.isFrozen(value))
    Object.values(value).forEach(visit)
  }
  visit(config)
})
