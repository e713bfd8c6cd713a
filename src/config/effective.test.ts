import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { distributionLayout } from './distribution-layout.ts'
import { effectiveTree, onlySet } from './effective.ts'
import { loadConfig, type LoadedConfig } from './load.ts'
import { printYaml } from './print.ts'
import { withFile } from './test-load.ts'

type Environment = Readonly<Record<string, string>>

function load(yaml: string, env: Environment = {}): LoadedConfig {
  return withFile(yaml, (file) => loadConfig({ file, env }))
}

/** What is printed is loaded again: the same configuration. Returns all of it. */
function checkRoundTrip(yaml: string, env: Environment = {}): string {
  const loaded = load(yaml, env)
  const all = effectiveTree(loaded, distributionLayout)
  const printed = printYaml(all)
  assert.deepEqual(load(printed).config, loaded.config, printed)
  const onlyWhatWasSet = printYaml(onlySet(all))
  const again = load(onlyWhatWasSet)
  assert.deepEqual(again.config, loaded.config, onlyWhatWasSet)
  // Defaults that are written out may draw a warning that they have no effect; these may not.
  assert.deepEqual(again.warnings, [])
  return printed
}

const files: readonly string[] = [
  'version: 0.1\nstorage: inmemory\n',
  'version: 0.1\nstorage: {filesystem: {rootdirectory: /a, maxthreads: 1}}\n',
  `version: 0.1
loglevel: WARN
log:
  fields: {service: a, n: 0123, "yes": "no", deep: {x: [1, {y: z, w: [yes, "", []]}, {}]}, "a.b": 'c: d # e'}
  hooks: [{type: mail, levels: [error], options: {from: a@b, to: [c@d], smtp: {addr: "mail:25"}}}]
storage: {inmemory: , cache: {layerinfo: redis}, maintenance: {uploadpurging: {age: 1h30m}}}
http:
  draintimeout: 90s
  headers: {X-A: [b, "yes", "1"], Strict-Transport-Security: ["max-age=1; a"]}
  tls: {certificate: /c, key: /k, clientcas: [/a, /b], ciphersuites: [TLS_AES_128_GCM_SHA256]}
  trustedproxies: [10.0.0.0/8, "::1"]
  timeouts: {idle: 1h1ms, header: 1.5s}
health: {http: [{uri: "https://a/"}, {uri: "https://b/", threshold: 3}], tcp: [{addr: "a:1"}]}
redis: {addr: a}
catalog: {maxentries: -1}
`,
]

describe('the effective configuration', () => {
  for (const [index, yaml] of files.entries()) {
    it(`loads as what it is printed from (${index})`, () => {
      checkRoundTrip(yaml)
    })
  }

  it('loads with variables written into it', () => {
    const printed = checkRoundTrip(files[0] ?? '', {
      REGISTRY_STORAGE: 'filesystem',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/var/lib/a b',
      REGISTRY_HTTP_HEADERS: '{X-A: [b]}',
      REGISTRY_HTTP_DRAINTIMEOUT: '0',
    })
    assert.match(
      printed,
      /^ {4}rootdirectory: "\/var\/lib\/a b" # REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY$/m,
    )
    assert.match(printed, /^ {2}draintimeout: 0s # REGISTRY_HTTP_DRAINTIMEOUT$/m)
  })

  it('keeps any text', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('null', '~', '1e3', '0x1', '.inf', '2024-01-01'),
    )
    const fields = fc.dictionary(
      anything,
      fc.oneof(anything, fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    )
    fc.assert(
      fc.property(fields, (values) => {
        checkRoundTrip(`version: 0.1\nstorage: inmemory\nlog: ${quoted({ fields: values })}\n`)
      }),
      { numRuns: 100 },
    )
  })

  it('says where values of older names come from', () => {
    const printed = checkRoundTrip(files[2] ?? '')
    assert.match(printed, /^ {2}level: warn # config\.yml:2$/m)
    assert.match(printed, /^ {4}blobdescriptor: redis # config\.yml:6$/m)
    assert.match(printed, /^ {2}inmemory: \{\} # config\.yml:6$/m)
  })

  it('shows no secret', () => {
    const yaml = `version: 0.1
storage: inmemory
log: {fields: {password: hunter2, apitoken: hunter2, docs: "https://a/?b=hunter2"}, hooks: [{type: mail, options: {smtp: {password: hunter2}}}]}
http: {secret: hunter2, host: "https://me:hunter2@a?x=hunter2", headers: {Authorization: [hunter2], X-Api-Key: [hunter2]}}
health: {http: [{uri: "http:me:hunter2@b?x=hunter2"}, {uri: "http://me:hunter2@b?access_token=hunter2", headers: {X-Vault-Token: [hunter2], X-Any: [hunter2, hunter2]}}]}
`
    const printed = printYaml(effectiveTree(load(yaml), distributionLayout))
    assert.doesNotMatch(printed, /hunter2/)
    assert.equal(printed.match(/\*\*\*/g)?.length, 16)
    // It can still be read.
    assert.equal(load(printed).config.http.secret, '***')
  })
})

/** JSON is YAML, but for a few characters that YAML wants escaped. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udfff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
