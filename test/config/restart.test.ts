import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { needsRestart } from '../../src/app/restart.ts'
import type { Config } from '../../src/config/config.ts'
import { distributionLayout } from '../../src/config/distribution-layout.ts'
import type { Layout } from '../../src/config/layout.ts'
import { loadConfig } from '../../src/config/load.ts'
import { describePath } from '../../src/config/path.ts'
import { referenceKeys } from '../../src/config/reference.ts'
import { withFile } from '../../src/config/test-load.ts'

/** What the values of a key may be changed to, where the type does not say it. */
const others: Readonly<Record<string, unknown>> = {
  'http.addr': '127.0.0.1:7000',
  'http.prefix': '/a/',
  'http.host': 'https://a',
  'http.debug.addr': '127.0.0.1:7001',
  'http.debug.prometheus.path': '/m',
  'http.trustedproxies': ['10.0.0.1'],
  'http.tls.letsencrypt.directoryurl': 'https://a',
  'http.tls.letsencrypt.http01addr': ':8000',
  'http.limits.headersize': 10_000,
  'health.file': [{ file: '/a' }],
  'health.http': [{ uri: 'http://a' }],
  'health.tcp': [{ addr: 'a:1' }],
  'log.hooks': [{ type: 'mail' }],
  'log.fields': { a: 1 },
  'http.headers': { 'X-A': ['b'] },
  'auth.token.signingalgorithms': ['ES256'],
  'auth.token.autoredirectpath': '/a',
  'redis.protocol': 3,
  'middleware.storage': [{ name: 'redirect', options: { baseurl: 'https://a' } }],
  'access.rules': [{ who: ['anonymous'], repositories: ['**'], allow: ['pull'] }],
  'access.groups': { a: ['b'] },
  'access.immutable': ['v*'],
  'access.token.expires': '7m',
  'storage.s3.regionendpoint': 'https://b',
  'storage.s3.chunksize': 6_000_000,
  'storage.s3.multipartcopychunksize': 6_000_000,
  'storage.s3.objectacl': 'public-read',
  'storage.s3.redirectendpoint': 'https://b',
  'storage.gcs.credentials': { client_email: 'a', private_key: 'b' },
  'storage.gcs.chunksize': 262_144,
  'storage.azure.serviceurl': 'https://b',
}

/** What has to be there for a key to be changed. */
const surroundings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'auth.silly': { auth: { silly: { realm: 'r', service: 's' } } },
  'auth.htpasswd': { auth: { htpasswd: { realm: 'r', path: '/p' } } },
  'auth.token': { auth: { token: { realm: 'r', service: 's', issuer: 'i' } } },
  'storage.s3': {
    storage: { s3: { bucket: 'b', regionendpoint: 'https://c', accesskey: 'k', secretkey: 's' } },
  },
  'storage.gcs': { storage: { gcs: { bucket: 'b' } } },
  'storage.azure': {
    storage: {
      azure: {
        accountname: 'b',
        accountkey: 'aGV4',
        container: 'c',
        credentials: { type: 'client_secret', clientid: 'c', tenantid: 't', secret: 's' },
      },
    },
  },
  access: { auth: { htpasswd: { realm: 'r', path: '/p' } } },
}

/** Keys that have no effect, or cannot be changed by themselves. */
const idle: ReadonlySet<string> = new Set([
  'version',
  'validation.enabled',
  'storage.filesystem.useragent',
  'storage.inmemory.useragent',
  // Their files may change, and their paths; to have none is another matter: test/process tells.
  'http.tls.certificate',
  'http.tls.key',
  'http.tls.clientcas',
  // Taken from Distribution's files, and without effect here.
  'storage.azure.connectionstring',
  'storage.azure.accountkey',
  'redis.contexttimeoutenabled',
  'redis.maxretries',
  'redis.pool.maxidle',
  'redis.pool.maxactive',
  'redis.pool.idletimeout',
  'redis.poolfifo',
  'redis.poolsize',
  'redis.pooltimeout',
  'redis.minidleconns',
  'redis.maxidleconns',
  'redis.maxactiveconns',
  'redis.connmaxidletime',
  'redis.connmaxlifetime',
  'redis.readonly',
  'redis.routebylatency',
  'redis.routerandomly',
  'redis.unstableresp3',
])

function load(key: string, value: unknown): Config {
  const around = Object.entries(surroundings).find(([section]) => key.startsWith(`${section}.`))
  const base: Record<string, unknown> = {
    version: '0.1',
    storage: { filesystem: {} },
    ...structuredClone(around?.[1]),
  }
  if (key.startsWith('http.tls.letsencrypt')) base['http'] = { tls: { letsencrypt: { cachefile: '/a' } } }
  if (key === 'http.net') base['http'] = { addr: '127.0.0.1:7000' }
  let place = base
  const path = key.split('.')
  for (const part of path.slice(0, -1)) place = (place[part] ??= {}) as Record<string, unknown>
  const last = path.at(-1)
  if (value !== undefined && last !== undefined) place[last] = value
  return withFile(JSON.stringify(base), (file) => loadConfig({ file, env: {} })).config
}

describe('what wants a restart', () => {
  const keys = referenceKeys(distributionLayout).filter(({ path, availability, layout }) => {
    const name = describePath(path)
    const isSingle = layout.kind !== 'struct' && (layout.kind !== 'map' || layout.others !== undefined)
    return isSingle && availability.kind === 'here' && !name.includes('[') && !idle.has(name)
  })

  it('is looked at for most keys', () => {
    assert.ok(keys.length > 45, `${keys.length} keys`)
  })

  for (const { path, layout, about, restart } of keys) {
    const name = describePath(path)
    it(`is ${restart ? '' : 'not '}${name}`, () => {
      const before = load(name, undefined)
      const after = load(name, others[name] ?? another(layout, about.default))
      assert.notDeepEqual(before, after)
      assert.equal(needsRestart(before, after).length > 0, restart)
    })
  }
})

/** A value that is not the default. */
function another(layout: Layout, value: unknown): unknown {
  if (layout.kind === 'list') return [another(layout.item, undefined)]
  switch ('type' in layout ? layout.type?.name : undefined) {
    case 'flag':
      return value !== true
    case 'whole number':
      return 7
    case 'duration':
      return '7s'
    case 'word':
      return 'type' in layout && layout.type?.name === 'word'
        ? layout.type.words.find((word) => word !== value)
        : undefined
    default:
      return 'a'
  }
}
