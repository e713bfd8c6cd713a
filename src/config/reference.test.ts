import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { distributionLayout, storageDrivers } from './distribution-layout.ts'
import { parseDuration } from './duration.ts'
import { applyEnvironment } from './environment.ts'
import { loadConfig } from './load.ts'
import { describePath, type Path } from './path.ts'
import { toPlain } from './plain.ts'
import { referenceKeys, type ReferenceKey } from './reference.ts'
import { withFile } from './test-load.ts'
import { follow, treeOf } from './tree.ts'

const keys = referenceKeys(distributionLayout)

function keyAt(name: string): ReferenceKey {
  const key = keys.find(({ path }) => describePath(path) === name)
  assert.ok(key, name)
  return key
}

describe('the reference', () => {
  it('has all keys, each once', () => {
    assert.ok(keys.length > 300, `${keys.length} keys`)
    assert.equal(new Set(keys.map(({ path }) => describePath(path))).size, keys.length)
  })

  it('says of each key in whole sentences what it means', () => {
    for (const { path, about } of keys) {
      const texts = [about.meaning, about.introduction?.trim() ?? 'A sentence.']
      for (const text of texts) assert.match(text, /^[A-Z`].*\.$/s, describePath(path))
    }
  })

  it('knows the keys that have taken the place of older ones', () => {
    const names = new Set(keys.map(({ path }) => describePath(path).replaceAll('[0]', '[]')))
    for (const { path, about } of keys) {
      if (about.replacedBy === undefined) continue
      const beside = describePath([...path.slice(0, -1), about.replacedBy]).replaceAll('[0]', '[]')
      assert.ok(
        names.has(about.replacedBy) || names.has(beside),
        `${describePath(path)}: ${about.replacedBy}`,
      )
    }
  })

  it('gives to each key the variable that sets it', () => {
    for (const { path, variable, layout } of keys) {
      if (variable === undefined) continue
      const value = { struct: '{}', map: '{}', list: '[]' }[layout.kind as string] ?? '7'
      const { tree, warnings } = applyEnvironment(treeOf({}), distributionLayout, { [variable]: value })
      assert.deepEqual(warnings, [], variable)
      const { tree: set, found } = follow(tree, path)
      assert.ok(found, `${variable} does not lead to ${describePath(path)}`)
      assert.equal(JSON.stringify(toPlain(set)), value, variable)
    }
  })

  it('has no variable where no name leads', () => {
    const without = keys
      .filter(({ variable }) => variable === undefined)
      .map(({ path }) => describePath(path))
    assert.deepEqual(without, ['version'])
  })

  it('takes availability from the check of it', () => {
    assert.deepEqual(keyAt('http.addr').availability, { kind: 'here', without: [] })
    assert.deepEqual(keyAt('reporting.bugsnag.apikey').availability, { kind: 'ignored' })
    assert.deepEqual(keyAt('compatibility.schema1').availability, { kind: 'ignored' })
    assert.deepEqual(keyAt('storage').availability, { kind: 'here', without: [] })
  })

  it('takes secrets from the list of them', () => {
    assert.equal(keyAt('redis.password').secret, true)
    assert.equal(keyAt('http.secret').secret, true)
    assert.equal(keyAt('auth.token').secret, false)
  })

  it('lets keys have what their section has', () => {
    assert.equal(keyAt('redis.tls.key').since, '3')
    assert.equal(keyAt('http.timeouts.idle').since, 'berth')
    assert.equal(keyAt('storage.filesystem.rootdirectory').restart, true)
    assert.equal(keyAt('storage.delete.enabled').restart, false)
  })
})

/** A file that sets as little as can be for a default to show: items of lists have nothing but what they must have. */
const minimal = (storage: string): string => `version: 0.1
storage: ${storage}
health: {file: [{file: /a}], http: [{uri: "http://a"}], tcp: [{addr: "a:1"}]}
log: {hooks: [{}]}
auth: {token: {realm: a, service: b, issuer: c}}
`

/** What was set to make the others show. */
const set: ReadonlySet<string> = new Set([
  'version',
  'health.file[0].file',
  'health.http[0].uri',
  'health.tcp[0].addr',
  'auth.token.realm',
  'auth.token.service',
  'auth.token.issuer',
  'storage.s3.bucket',
  'storage.s3.region',
  'storage.gcs.bucket',
  'storage.azure.accountname',
  'storage.azure.credentials.type',
  'storage.azure.credentials.accountkey',
  'storage.azure.container',
])

/** Each driver, with what it cannot do without. */
const drivers: Readonly<Record<string, string>> = {
  inmemory: 'inmemory',
  filesystem: 'filesystem',
  s3: '{s3: {bucket: b, region: us-east-1}}',
  gcs: '{gcs: {bucket: b}}',
  azure: '{azure: {accountname: a, accountkey: aGV4, container: c}}',
}

/** Single values of the typed configuration, by the path that they have in the file. */
function valuesOf(storage: string): ReadonlyMap<string, unknown> {
  const { config } = withFile(minimal(storage), (file) => loadConfig({ file, env: {} }))
  const { driver, ...sections } = config.storage
  const { name, ...parameters } = driver
  const { name: controller, ...options } = config.auth
  const found = new Map<string, unknown>()
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, index) => visit(item, [...path, index]))
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key])
    } else if (!set.has(describePath(path))) found.set(describePath(path), value)
  }
  visit({ ...config, auth: { [controller]: options }, storage: { [name]: parameters, ...sections } }, [])
  return found
}

describe('the documented defaults', () => {
  const documented = new Map(keys.map((key) => [describePath(key.path), defaultOf(key)]))

  for (const [driver, storage] of Object.entries(drivers)) {
    it(`are what really counts with ${driver}`, () => {
      const real = valuesOf(storage)
      assert.ok(real.size > 40, `${real.size} values`)
      for (const [path, value] of real) {
        assert.ok(documented.has(path), `${path} is not documented`)
        // An empty text is the same as none.
        assert.deepEqual(documented.get(path) ?? '', value, path)
      }
    })

    it(`are all there with ${driver}`, () => {
      const real = valuesOf(storage)
      const others = Object.keys(storageDrivers).filter((name) => name !== driver)
      for (const { path, about, availability } of keys) {
        const name = describePath(path)
        if (
          about.default === undefined ||
          availability.kind !== 'here' ||
          others.some((other) => name.startsWith(`storage.${other}.`))
        )
          continue
        assert.ok(real.has(name), `${name} has a default, and the configuration has no such value`)
      }
    })
  }
})

/** As the typed configuration has it: durations in milliseconds. */
function defaultOf({ layout, about }: ReferenceKey): unknown {
  return layout.kind === 'duration' && typeof about.default === 'string'
    ? parseDuration(about.default)
    : about.default
}
