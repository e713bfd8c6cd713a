import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cipherSuites } from './cipher-suites.ts'
import { failureOf, warningsOf } from './test-load.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'
const aDriver = 'exactly one of filesystem, inmemory, s3, gcs, azure'

/** What is appended to a minimal file, and the message without its place. */
const mistakes: readonly (readonly [string, string])[] = [
  ['log: {level: loud}', '3:14: log.level: found "loud"; allowed: error, warn, info, debug'],
  ['loglevel: 1', '3:11: loglevel: found 1; allowed: error, warn, info, debug'],
  ['log: {formatter: xml}', '3:18: log.formatter: found "xml"; allowed: text, json, logstash'],
  ['log: 5', '3:6: log: found 5; allowed: a map'],
  [
    'log: {accesslog: {disabled: "true"}}',
    '3:29: log.accesslog.disabled: found "true"; allowed: true or false',
  ],
  ['http: {addr: [a]}', '3:14: http.addr: found a list; allowed: text'],
  [
    'http: {addr: "5000"}',
    '3:14: http.addr: found "5000"; allowed: host:port, such as :5000 or 127.0.0.1:5000',
  ],
  ['http: {net: udp}', '3:13: http.net: found "udp"; allowed: tcp, unix'],
  ['http: {net: unix}', '3:1: http.addr: missing; allowed: the path of a socket, since http.net is unix'],
  [
    'http: {draintimeout: 10 s}',
    '3:22: http.draintimeout: found "10 s"; allowed: a duration such as 10s or 1h30m',
  ],
  [
    'http: {draintimeout: -1s}',
    '3:22: http.draintimeout: found "-1s"; allowed: a duration such as 10s or 1h30m',
  ],
  [
    'http: {draintimeout: []}',
    '3:22: http.draintimeout: found a list; allowed: a duration such as 10s or 1h30m',
  ],
  ['http: {headers: {X-A: a}}', '3:23: http.headers.X-A: found "a"; allowed: a list (write [a])'],
  [
    'http: {headers: {X A: [a]}}',
    '3:23: http.headers.X A: found a list; allowed: the name of an HTTP header',
  ],
  [
    'http: {headers: {X-A: ["a\\r\\nB: c"]}}',
    '3:24: http.headers.X-A[0]: found "a\\r\\nB: c"; allowed: text without control characters',
  ],
  ['http: {secret: {a: b}}', '3:16: http.secret: found a map; allowed: text'],
  ['catalog: {maxentries: many}', '3:23: catalog.maxentries: found "many"; allowed: a whole number'],
  ['catalog: {maxentries: 1.5}', '3:23: catalog.maxentries: found 1.5; allowed: a whole number'],
  ['tags: {maxtags: -1}', '3:17: tags.maxtags: found -1; allowed: a whole number, 0 or more'],
  ['auth: {htpasswd: {realm: a}}', '3:8: auth.htpasswd.path: missing; allowed: text'],
  [
    'auth: {htpasswd: {realm: a, path: b}, silly: {realm: a, service: b}}',
    '3:1: auth: found 2 access controllers: htpasswd (config.yml:3:8), silly (config.yml:3:39); allowed: at most one of none, silly, htpasswd, token',
  ],
  [
    'auth: {token: {realm: a, service: b, issuer: c, signingalgorithms: [none]}}',
    '3:69: auth.token.signingalgorithms[0]: found "none"; allowed: EdDSA, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512, HS256, HS384, HS512',
  ],
  [
    'access: {rules: [{who: [anonymous], repositories: ["**"], allow: [pull]}]}',
    '3:17: access.rules: found a list; allowed: rules beside auth.htpasswd or auth.token, which say who somebody is',
  ],
  [
    'auth: htpaswd',
    '3:1: auth.htpaswd: no such access controller (did you mean htpasswd?); allowed: none, silly, htpasswd, token',
  ],
  [
    'http: {tls: {certificate: a, key: ""}}',
    '3:35: http.tls.key: found ""; allowed: the path of the key of http.tls.certificate',
  ],
  [
    'http: {tls: {key: a}}',
    '3:8: http.tls.certificate: missing; allowed: the path of the certificate that http.tls.key belongs to',
  ],
  [
    'http: {tls: {certificate: a, key: b, letsencrypt: {cachefile: c}}}',
    '3:27: http.tls.certificate: found "a"; allowed: either http.tls.certificate or http.tls.letsencrypt.cachefile, not both',
  ],
  [
    'http: {tls: {letsencrypt: {email: a@example.com}}}',
    '3:14: http.tls.letsencrypt.cachefile: missing; allowed: the path of the folder, or file, that keeps the certificates',
  ],
  [
    'http: {tls: {minimumtls: tls1.4}}',
    '3:26: http.tls.minimumtls: found "tls1.4"; allowed: tls1.0, tls1.1, tls1.2, tls1.3',
  ],
  [
    'http: {tls: {letsencrypt: {cachefile: b, hosts: a}}}',
    '3:49: http.tls.letsencrypt.hosts: found "a"; allowed: a list (write [a])',
  ],
  [
    'http: {trustedproxies: [10.0.0.0/33]}',
    '3:25: http.trustedproxies[0]: found "10.0.0.0/33"; allowed: the address of a proxy, or a range such as 10.0.0.0/8 or fd00::/8',
  ],
  [
    'http: {debug: {addr: localhost}}',
    '3:22: http.debug.addr: found "localhost"; allowed: host:port, such as 127.0.0.1:5001',
  ],
  ['health: {http: [{uri: a}]}', '3:23: health.http[0].uri: found "a"; allowed: an http or https URL'],
  ['health: {file: [{interval: 1s}]}', '3:17: health.file[0].file: missing; allowed: the path of a file'],
  ['proxy: {remoteurl: "https://a"}', '3:9: proxy.remoteurl: not available in this version'],
  ['middleware: {registry: [{name: a}]}', '3:25: middleware.registry[0]: not available in this version'],
  [
    'notifications: {endpoints: [{name: a}]}',
    '3:29: notifications.endpoints[0]: not available in this version',
  ],
  [
    'policy: {repository: {classes: [image]}}',
    '3:23: policy.repository.classes: not available in this version',
  ],
  [
    'http: {tls: {ciphersuites: [TLS_NULL]}}',
    `3:29: http.tls.ciphersuites[0]: found "TLS_NULL"; allowed: the name of a cipher suite in Go's form: ${cipherSuites.join(', ')}`,
  ],
]

for (const [yaml, expected] of mistakes) {
  test(`the mistake in ${yaml}`, () => {
    assert.deepEqual(failureOf(minimal + yaml), [`config.yml:${expected}`])
  })
}

const storages: readonly (readonly [string, string])[] = [
  ['', `config.yml:1:1: storage: found no storage driver; allowed: ${aDriver}`],
  [
    'storage: {delete: {enabled: true}}',
    `config.yml:2:1: storage: found no storage driver; allowed: ${aDriver}`,
  ],
  [
    'storage: {filesytem: {}}',
    `config.yml:2:11: storage.filesytem: no such storage driver (did you mean filesystem?); allowed: ${aDriver}`,
  ],
  [
    'storage: {inmemory: , filesystem: }',
    'config.yml:2:1: storage: found 2 storage drivers: inmemory (config.yml:2:11), filesystem (config.yml:2:23); ' +
      `allowed: ${aDriver}`,
  ],
  [
    'storage: {s3: {region: us-east-1}}',
    'config.yml:2:11: storage.s3.bucket: missing; allowed: the name of a bucket',
  ],
  ['storage: swift', 'config.yml:2:1: storage.swift: not available in this version'],
  ['storage: [inmemory]', 'config.yml:2:10: storage: found a list; allowed: a map'],
  [
    'storage: {inmemory: , delete: {enabled: 1}}',
    'config.yml:2:41: storage.delete.enabled: found 1; allowed: true or false',
  ],
  [
    'storage: {inmemory: , redirect: {disable: x}}',
    'config.yml:2:43: storage.redirect.disable: found "x"; allowed: true or false',
  ],
  [
    'storage: {inmemory: , tag: {concurrencylimit: -1}}',
    'config.yml:2:47: storage.tag.concurrencylimit: found -1; allowed: a whole number, 0 or more',
  ],
  [
    'storage: {inmemory: , maintenance: {readonly: true}}',
    'config.yml:2:47: storage.maintenance.readonly: found true; allowed: a map',
  ],
  [
    'storage: {inmemory: , maintenance: {uploadpurging: {age: 168}}}',
    'config.yml:2:58: storage.maintenance.uploadpurging.age: found 168; allowed: a duration with a unit, such as 168h',
  ],
  [
    'storage: {filesystem: {maxthreads: x}}',
    'config.yml:2:36: storage.filesystem.maxthreads: found "x"; allowed: a whole number',
  ],
]

for (const [yaml, expected] of storages) {
  test(`the mistake in ${yaml === '' ? 'a file without storage' : yaml}`, () => {
    assert.deepEqual(failureOf(`version: 0.1\n${yaml}\n`), [expected])
  })
}

test('the version must be there and be 0.1', () => {
  const storage = 'storage: inmemory\n'
  assert.deepEqual(failureOf(storage), ['config.yml:1:1: version: missing; allowed: "0.1"'])
  assert.deepEqual(failureOf(`${storage}version: 0.2`), [
    'config.yml:2:10: version: found 0.2; allowed: "0.1"',
  ])
  assert.deepEqual(failureOf(`${storage}version: "0.1"`), [])
})

test('all that is wrong is reported, from top to bottom, then the variables', () => {
  const yaml = 'http: {addr: x, prefix: p}\nlog: {level: z}\nversion: 0.1\nstorage: inmemory\n'
  assert.deepEqual(failureOf(yaml, { REGISTRY_LOG_FORMATTER: 'w', REGISTRY_CATALOG_MAXENTRIES: '[]' }), [
    'config.yml:1:14: http.addr: found "x"; allowed: host:port, such as :5000 or 127.0.0.1:5000',
    'config.yml:1:25: http.prefix: found "p"; allowed: a path that begins with a slash, such as /registry/',
    'config.yml:2:14: log.level: found "z"; allowed: error, warn, info, debug',
    'REGISTRY_LOG_FORMATTER: log.formatter: found "w"; allowed: text, json, logstash',
    'REGISTRY_CATALOG_MAXENTRIES: catalog.maxentries: found a list; allowed: a whole number',
  ])
})

test('a driver that a variable adds to that of the file', () => {
  const [first] = failureOf(minimal, { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/a' })
  assert.equal(
    first,
    'config.yml:2:1: storage: found 2 storage drivers: inmemory (config.yml:2:1), ' +
      `filesystem (REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY); allowed: ${aDriver}; ` +
      'to replace the storage section of the file, set REGISTRY_STORAGE=filesystem as well',
  )
})

test('no message shows a secret', () => {
  const yaml = `${minimal}http: {secret: [hunter2], host: "ftp://me:hunter2@example.com"}\n`
  const lines = failureOf(yaml, { REGISTRY_HTTP_HEADERS_AUTHORIZATION: '["hunter2\\n"]' })
  assert.equal(lines.length, 2)
  const host = 'http: {host: "ftp://me:hunter2@example.com"}\n'
  const all = [...lines, ...warningsOf(minimal + host)].join('\n')
  assert.match(all, /no absolute URL/)
  assert.ok(!all.includes('hunter2'), all)
})

test('no message shows what may be a secret of a header, or in a URL', () => {
  const yaml = `${minimal}health:
  http:
    - {uri: "x?access_token=hunter2", headers: {X-Any: hunter2}}
    - {uri: "ftp://a/?hunter2", headers: hunter2}
http: {prefix: "https://a/?b=hunter2"}
log: {fields: {a: b}, level: "c?d=hunter2"}
`
  const found = failureOf(yaml).map((line) => /found .*?;/.exec(line)?.[0])
  assert.deepEqual(found, [
    'found "x?access_token=***";',
    'found a value that is not shown;',
    'found "ftp://a/?***";',
    'found a value that is not shown;',
    'found "https://a/?b=***";',
    'found "c?d=***";',
  ])
})

test('a file that is no configuration', () => {
  assert.deepEqual(failureOf('just text'), ['config.yml:1:1: found "just text"; allowed: a map'])
  assert.deepEqual(failureOf(new Uint8Array([0x61, 0x3a, 0x20, 0xff])), ['config.yml: not UTF-8 text'])
  assert.deepEqual(failureOf(`#${' '.repeat(1024 * 1024)}`), ['config.yml: too large: more than 1 MiB'])
  assert.deepEqual(failureOf(''), [
    `config.yml:1:1: storage: found no storage driver; allowed: ${aDriver}`,
    'config.yml:1:1: version: missing; allowed: "0.1"',
  ])
})
