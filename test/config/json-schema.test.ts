import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { ConfigError } from '../../src/config/config-error.ts'
import { distributionLayout } from '../../src/config/distribution-layout.ts'
import { parseYaml } from '../../src/config/document.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { toPlain } from '../../src/config/plain.ts'
import { withFile } from '../../src/config/test-load.ts'
import { repositoryRoot } from '../support/require-program.ts'

const validate: ValidateFunction = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  configJsonSchema(distributionLayout),
)

/** What the schema says of a file, as `KEYWORD at POINTER`. */
function complaints(yaml: string): readonly string[] {
  // Nulls stay, unlike in the registry's own reading: an editor sees them.
  const { tree } = parseYaml(yaml, { file: 'config.yml' })
  validate(toPlain(tree))
  return (validate.errors ?? []).map(({ keyword, instancePath }) => `${keyword} at ${instancePath}`)
}

/** Whether the registry takes a file, without any variables. */
function isTaken(yaml: string): boolean {
  try {
    withFile(yaml, (file) => loadConfig({ file, env: {} }))
    return true
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

const minimal = 'version: 0.1\nstorage: inmemory\n'

/** As they are written in the tests of the loader. */
const valid: readonly string[] = [
  'version: "0.1"\nstorage: {inmemory: }',
  'version: 0.1\nstorage: {filesystem: {rootdirectory: 0123, maxthreads: "50"}}',
  'version: 0.1\nstorage: {inmemory: , cache: {blobdescriptor: inmemory}, delete: {enabled: yes}}',
  `${minimal}log: {level: WARN, accesslog: {disabled: on}, fields: {a: 1, b: {c: [d]}}}`,
  `${minimal}log: {level: "", hooks: [{type: mail, levels: [panic], options: {smtp: {addr: "a:25"}, to: [b]}}]}`,
  `${minimal}log:\nhttp:\nhealth:\n`,
  `${minimal}loglevel: debug`,
  `${minimal}http: {addr: ":5000", secret: 0123, draintimeout: 1m30s, headers: {X-A: [1, yes]}}`,
  `${minimal}http: {draintimeout: 0}`,
  `${minimal}http: {draintimeout: 5000000000}`,
  `${minimal}http: {tls: {clientcas: [/a], minimumtls: tls1.0, ciphersuites: [TLS_AES_128_GCM_SHA256]}}`,
  `${minimal}http: {trustedproxies: [10.0.0.0/8], timeouts: {idle: 5m}, limits: {connections: 10}}`,
  `${minimal}auth: none`,
  `${minimal}auth: {htpasswd: {realm: a, path: b}}`,
  `${minimal}auth: {token: {realm: a, service: b, issuer: c, autoredirect: true, signingalgorithms: [RS256]}}`,
  `${minimal}catalog: {maxentries: -1}\ntags: {maxtags: 0}`,
  `${minimal}redis: {addr: "a:1", db: 0, pool: {idletimeout: 60s}}`,
  `${minimal}redis: {addrs: ["a:1", "b:1"], tls: {rootcas: [/a]}, protocol: 3}`,
  `${minimal}health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}, tcp: [{addr: "a:1"}]}`,
  `${minimal}proxy: {remoteurl: "https://registry.example.com", ttl: -1s}`,
  `${minimal}validation: {manifests: {urls: {allow: ["^https://"]}, indexes: {platforms: LIST}}}`,
  `${minimal}middleware: {storage: [{name: cloudfront, options: {baseurl: a, other: [b]}}]}`,
  `${minimal}notifications: {endpoints: [{name: a, url: b, timeout: 500ms, headers: {A: [b]}}]}`,
  `${minimal}reporting: {bugsnag: {apikey: a}}\ncompatibility: {schema1: {enabled: true}}`,
  'version: 0.1\nstorage: {s3: {bucket: a, region: b, secure: "f", chunksize: "10485760", loglevel: off}}',
  'version: 0.1\nstorage: {s3aws: {bucket: a, storageclass: standard_ia}}',
  'version: 0.1\nstorage: {gcs: {bucket: a, credentials: {type: b, private_key: c}}}',
  'version: 0.1\nstorage: {azure: {accountname: a, credentials: {type: shared_key}, max_retries: 5}}',
]

/** Each with what is wrong in it. */
const wrong: readonly (readonly [string, string])[] = [
  ['storage: inmemory', 'required at '],
  ['version: 0.2\nstorage: inmemory', 'enum at /version'],
  ['version: 0.1\nstorage: floppy', 'pattern at /storage'],
  ['version: 0.1\nstorage: [inmemory]', 'type at /storage'],
  ['version: 0.1\nstorage: {filesytem: {}}', 'additionalProperties at /storage'],
  ['version: 0.1\nstorage: {s3aws: {buckett: a}}', 'additionalProperties at /storage/s3aws'],
  ['version: 0.1\nstorage: {s3: {chunksize: 1024}}', 'minimum at /storage/s3/chunksize'],
  ['version: 0.1\nstorage: {inmemory: , delete: {enabled: 1}}', 'type at /storage/delete/enabled'],
  [`${minimal}htpp: {}`, 'additionalProperties at '],
  [`${minimal}http: {addr: [a]}`, 'type at /http/addr'],
  [`${minimal}http: {net: udp}`, 'enum at /http/net'],
  [`${minimal}http: {draintimeout: 10 s}`, 'pattern at /http/draintimeout'],
  [`${minimal}http: {relativeurls: maybe}`, 'pattern at /http/relativeurls'],
  [`${minimal}http: {headers: {X-A: a}}`, 'type at /http/headers/X-A'],
  [`${minimal}http: {limits: {headersize: 10}}`, 'minimum at /http/limits/headersize'],
  [`${minimal}http: {tls: {ciphersuites: [RC4]}}`, 'enum at /http/tls/ciphersuites/0'],
  [`${minimal}log: {level: loud}`, 'enum at /log/level'],
  [`${minimal}catalog: {maxentries: 1.5}`, 'type at /catalog/maxentries'],
  [`${minimal}tags: {maxtags: -1}`, 'minimum at /tags/maxtags'],
  [`${minimal}health: {file: {file: a}}`, 'type at /health/file'],
]

describe('the JSON Schema', () => {
  for (const yaml of valid) {
    it(`takes ${yaml.replace(minimal, '').replaceAll('\n', ', ')}`, () => {
      assert.deepEqual(complaints(yaml), [])
    })
  }

  for (const [yaml, expected] of wrong) {
    it(`does not take ${yaml.replace(minimal, '').replaceAll('\n', ', ')}`, () => {
      const found = complaints(yaml)
      assert.ok(found.includes(expected), found.join('; '))
    })
  }

  it('describes every key and knows its default', () => {
    const { properties } = configJsonSchema(distributionLayout) as {
      readonly properties: { readonly http: { readonly properties: Readonly<Record<string, unknown>> } }
    }
    const { net } = properties.http.properties
    assert.ok(typeof net === 'object' && net !== null && 'description' in net && 'default' in net)
    assert.equal(net.default, 'tcp')
  })

  const folder = join(repositoryRoot, 'test', 'corpus', 'cases')
  const files = readdirSync(folder).filter((name) => name.endsWith('.config'))

  it('has a corpus to be tried on', () => {
    assert.ok(files.length >= 40, `${files.length} files`)
  })

  for (const name of files) {
    it(`takes the corpus's ${name}, or the registry does not either`, () => {
      const yaml = readFileSync(join(folder, name), 'utf8').replaceAll(/@[A-Z]+@/g, '1')
      // What is unknown only gets a warning from the registry, but is a mistake to an editor.
      const found = complaintsOf(yaml).filter((complaint) => !complaint.startsWith('additionalProperties'))
      assert.ok(found.length === 0 || !isTaken(yaml), found.join('; '))
    })
  }
})

function complaintsOf(yaml: string): readonly string[] {
  try {
    return complaints(yaml)
  } catch (error) {
    // No YAML at all.
    if (error instanceof ConfigError) return []
    throw error
  }
}
