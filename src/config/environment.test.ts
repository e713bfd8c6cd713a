import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from './config-error.ts'
import { distributionLayout } from './distribution-layout.ts'
import { parseYaml } from './document.ts'
import { applyEnvironment } from './environment.ts'
import { loadConfig } from './load.ts'
import { toPlain } from './plain.ts'
import { describeSource } from './source.ts'
import { sourcesOf, type Tree } from './tree.ts'

type Environment = Readonly<Record<string, string>>

function parse(text: string): Tree {
  return parseYaml(text, { file: 'config.yml' }).tree
}

function override(
  text: string,
  env: Environment,
): { readonly plain: unknown; readonly warnings: readonly string[] } {
  const { tree, warnings } = applyEnvironment(parse(text), distributionLayout, env)
  return { plain: toPlain(tree, distributionLayout), warnings }
}

interface Case {
  readonly title: string
  readonly file?: string
  readonly env: Environment
  readonly expected: unknown
}

const cases: readonly Case[] = [
  {
    title: 'a field is replaced',
    file: 'log: {level: info, formatter: json}',
    env: { REGISTRY_LOG_LEVEL: 'debug' },
    expected: { log: { level: 'debug', formatter: 'json' } },
  },
  {
    title: 'what the file lacks is created',
    file: '{}',
    env: { REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: 'true', REGISTRY_STORAGE_DELETE_ENABLED: 'true' },
    expected: { http: { debug: { prometheus: { enabled: true } } }, storage: { delete: { enabled: true } } },
  },
  {
    title: 'a section is replaced with all that is in it, before what is set inside it',
    file: 'storage: {filesystem: {rootdirectory: /a}, cache: {blobdescriptor: inmemory}}',
    env: { REGISTRY_STORAGE_S3_BUCKET: 'b', REGISTRY_STORAGE: 's3' },
    expected: { storage: { s3: { bucket: 'b' } } },
  },
  {
    title: 'a value is YAML',
    env: {
      REGISTRY_STORAGE: '{filesystem: {rootdirectory: /x}, delete: {enabled: yes}}',
      REGISTRY_HTTP_TLS_CLIENTCAS: '[/a, /b]',
      REGISTRY_STORAGE_S3_CHUNKSIZE: '0123',
      REGISTRY_STORAGE_S3_BUCKET: "'0123'",
      REGISTRY_HTTP_SECRET: '0123',
    },
    expected: {
      storage: {
        filesystem: { rootdirectory: '/x' },
        delete: { enabled: true },
        s3: { chunksize: 83, bucket: '0123' },
      },
      http: { tls: { clientcas: ['/a', '/b'] }, secret: '0123' },
    },
  },
  {
    title: 'an empty value unsets',
    file: 'http: {host: "https://a.example.com", addr: ":1"}',
    env: { REGISTRY_HTTP_HOST: '' },
    expected: { http: { addr: ':1' } },
  },
  {
    title: 'a key of a map is found in any letter case, a new one is stored in lower case',
    file: 'http: {headers: {X-Frame-Options: [DENY]}}',
    env: { 'REGISTRY_HTTP_HEADERS_X-FRAME-OPTIONS': '[SAMEORIGIN]', 'REGISTRY_HTTP_HEADERS_X-Other': '[a]' },
    expected: { http: { headers: { 'X-Frame-Options': ['SAMEORIGIN'], 'x-other': ['a'] } } },
  },
  {
    title: 'a list is replaced, changed by index, and appended to',
    file: 'notifications: {endpoints: [{name: a, url: "http://a"}]}',
    env: {
      REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL: 'http://b',
      REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME: 'c',
      REGISTRY_HTTP_TLS_CLIENTCAS_0: '/a',
      REGISTRY_HTTP_TLS_CLIENTCAS_1: '/b',
    },
    expected: {
      notifications: { endpoints: [{ name: 'a', url: 'http://b' }, { name: 'c' }] },
      http: { tls: { clientcas: ['/a', '/b'] } },
    },
  },
  {
    title: 'nested parameters, on which Distribution crashes without the section',
    env: {
      REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true',
      REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE: '1h',
    },
    expected: { storage: { maintenance: { readonly: { enabled: true }, uploadpurging: { age: '1h' } } } },
  },
  {
    title: 'nested parameters, which Distribution ignores with the section',
    file: 'storage: {maintenance: {readonly: {enabled: false}}}',
    env: { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true' },
    expected: { storage: { maintenance: { readonly: { enabled: true } } } },
  },
  {
    title: 'a section as a map in one value',
    env: { REGISTRY_STORAGE_MAINTENANCE: '{readonly: {enabled: true}}' },
    expected: { storage: { maintenance: { readonly: { enabled: true } } } },
  },
  {
    title: 'names of Go fields that are not the key',
    env: {
      REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: 'true',
      REGISTRY_HEALTH_FILECHECKERS: '[{file: /a}]',
      REGISTRY_HEALTH_TCPCHECKERS_0_ADDR: ':1',
      REGISTRY_COMPATIBILITY_SCHEMA1_TRUSTKEY: '/k',
      REGISTRY_LOG_HOOKS_0_MAILOPTIONS_FROM: 'a',
      REGISTRY_REDIS_ADDRS: '[a]',
      REGISTRY_REDIS_OPTIONS_DB: '1',
    },
    expected: {
      notifications: { events: { includereferences: true } },
      health: { file: [{ file: '/a' }], tcp: [{ addr: ':1' }] },
      compatibility: { schema1: { signingkeyfile: '/k' } },
      log: { hooks: [{ options: { from: 'a' } }] },
      redis: { addrs: ['a'], db: 1 },
    },
  },
  {
    title: 'keys that hold underscores, to which no name leads in Distribution',
    env: { REGISTRY_STORAGE_AZURE_MAX_RETRIES: '7', REGISTRY_STORAGE_AZURE_RETRY_DELAY: '1s' },
    expected: { storage: { azure: { max_retries: 7, retry_delay: '1s' } } },
  },
  {
    title: 'text that stands for a section with one key',
    env: { REGISTRY_AUTH: 'none', REGISTRY_STORAGE: 'inmemory' },
    expected: { auth: { none: {} }, storage: { inmemory: {} } },
  },
  {
    title: 'fields of any name',
    file: 'log: {fields: {service: a}}',
    env: { REGISTRY_LOG_FIELDS_SERVICE: 'b', REGISTRY_LOG_FIELDS_SITE: '7' },
    expected: { log: { fields: { service: 'b', site: 7 } } },
  },
  {
    title: 'other variables are not looked at',
    env: {
      REGISTRY: '[',
      registry_http_addr: '[',
      REGISTRY_CONFIGURATION_PATH: '[',
      XREGISTRY_HTTP_ADDR: '[',
    },
    expected: {},
  },
]

for (const { title, file = '{}', env, expected } of cases) {
  test(`variables: ${title}`, () => {
    assert.deepEqual(override(file, env), { plain: expected, warnings: [] })
  })
}

const ignored: readonly (readonly [string, string])[] = [
  ['REGISTRY_HTTP_ADRR', ' (did you mean REGISTRY_HTTP_ADDR?)'],
  ['REGISTRY_HTTP_Addr', ' (did you mean REGISTRY_HTTP_ADDR?)'],
  ['REGISTRY_HTPP_TLS_KEY', ' (did you mean REGISTRY_HTTP_TLS_KEY?)'],
  ['REGISTRY_NOTIFICATIONS_EVENTS_INCLUDEREFERENCES', ''],
  // What Kubernetes makes of services called registry, registry-storage and registry-auth.
  ['REGISTRY_PORT', ''],
  ['REGISTRY_SERVICE_HOST', ''],
  ['REGISTRY_SERVICE_PORT_HTTP', ''],
  ['REGISTRY_PORT_5000_TCP_ADDR', ''],
  ['REGISTRY_STORAGE_PORT', ''],
  ['REGISTRY_STORAGE_PORT_5000_TCP_PROTO', ''],
  ['REGISTRY_STORAGE_SERVICE_HOST', ''],
  ['REGISTRY_AUTH_PORT_443_TCP', ''],
  ['REGISTRY_AUTH_SERVICE_PORT', ''],
  ['REGISTRY_REDIS_SERVICE_HOST', ''],
  ['REGISTRY_LOG_LEVEL_X', ''],
  ['REGISTRY_', ''],
]

for (const [name, hint] of ignored) {
  test(`variables: ${name} is ignored with a warning`, () => {
    const { plain, warnings } = override('{log: {level: info}}', { [name]: 'x' })
    assert.deepEqual(plain, { log: { level: 'info' } })
    assert.deepEqual(warnings, [`${name}: unrecognized environment variable, ignored${hint}`])
  })
}

test('variables: the version cannot be set', () => {
  const { plain, warnings } = override('version: 0.1', { REGISTRY_VERSION: '0.2' })
  assert.deepEqual(plain, { version: '0.1' })
  assert.equal(warnings.length, 1)
})

const wrong: readonly (readonly [Environment, string])[] = [
  [
    { REGISTRY_HTTP_ADDR: '[' },
    'REGISTRY_HTTP_ADDR: http.addr: found "["; allowed: valid YAML (a closing quote, bracket, comma, colon or space is missing)',
  ],
  [
    { REGISTRY_PROXY_REMOTEURL: '"https://me:hunter2@example.com' },
    'REGISTRY_PROXY_REMOTEURL: proxy.remoteurl: found "\\"https://***@example.com"; allowed: valid YAML (a closing quote, bracket, comma, colon or space is missing)',
  ],
  [
    { REGISTRY_HTTP_SECRET: '"hunter2' },
    'REGISTRY_HTTP_SECRET: http.secret: found a value that is not shown; allowed: valid YAML (a closing quote, bracket, comma, colon or space is missing)',
  ],
  [
    { REGISTRY_HTTP_HEADERS: '{Authorization: [hunter2}' },
    'REGISTRY_HTTP_HEADERS: http.headers: not valid YAML: wrong indentation, or a closing bracket is missing',
  ],
  [
    { REGISTRY_NOTIFICATIONS_ENDPOINTS_X_NAME: 'a' },
    'REGISTRY_NOTIFICATIONS_ENDPOINTS_X_NAME: notifications.endpoints: "X" is not the number of a list item',
  ],
  [
    { REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME: 'a' },
    'REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME: notifications.endpoints: there is no item 1: the list has 0, so the next is 0',
  ],
]

for (const [env, message] of wrong) {
  test(`variables: ${message}`, () => {
    assert.throws(
      () => override('{}', env),
      (error) => error instanceof ConfigError && error.message === message,
    )
  })
}

test('variables: the source of a value is known', () => {
  const env = { REGISTRY_HTTP_ADDR: ':1', REGISTRY_STORAGE_DELETE: '{enabled: true}' }
  const { tree } = applyEnvironment(parse('http: {net: tcp}'), distributionLayout, env)
  const sources = [...sourcesOf(tree)].map(([path, source]) => `${path} ${describeSource(source)}`)
  assert.deepEqual(sources.toSorted(), [
    'http config.yml:1:7',
    'http.addr REGISTRY_HTTP_ADDR',
    'http.net config.yml:1:13',
    'storage REGISTRY_STORAGE_DELETE',
    'storage.delete REGISTRY_STORAGE_DELETE',
    'storage.delete.enabled REGISTRY_STORAGE_DELETE',
  ])
})

/** Parts of names that lead somewhere, and some that do not. */
const someParts =
  `STORAGE HTTP LOG AUTH HEALTH REDIS OPTIONS MIDDLEWARE NOTIFICATIONS PROXY FIELDS HEADERS HOOKS MAILOPTIONS
  FILECHECKERS ENDPOINTS TLS CLIENTCAS LETSENCRYPT HOSTS FILESYSTEM INMEMORY S3 AZURE MAX RETRIES CREDENTIALS CACHE
  MAINTENANCE READONLY UPLOADPURGING ENABLED AGE ADDR LEVEL NAME 0 1 99999999999999999999 -1 PORT SERVICE
  CONSTRUCTOR PROTO toString`
    .trim()
    .split(/\s+/)

test('variables: whatever they are, either they count or they are refused with a reason', () => {
  const name = fc
    .array(fc.oneof(fc.constantFrom(...someParts, ''), fc.string({ maxLength: 3 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((all) => `REGISTRY_${all.join('_')}`)
  const value = fc.oneof(
    fc.string(),
    fc.json({ maxDepth: 3 }),
    fc.constantFrom('', 'true', '1', '[', '{}', '[]', '[{}]', '&a [*a]', '*a', '{<<: 1}', 'inmemory', '~'),
  )
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }), (env) => {
      try {
        loadConfig({ env, places: [] })
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error))
        assert.doesNotMatch(error.message, /undefined|\[object/)
      }
    }),
    { numRuns: 500 },
  )
})
