import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'

/**
 * Which folders of `src/` a folder may import from, besides itself. One way only: whoever wants a new arrow draws it here first,
 * and in docs/architecture.md. `.` is the files right below `src/`.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  registry: [],
  util: [],
  config: [],
  storage: ['registry', 'util'],
  stored: ['registry', 'storage', 'util'],
  // Of stored, what it implements, as types.
  cache: ['registry', 'stored', 'util'],
  decorators: ['registry'],
  access: ['registry', 'util'],
  auth: ['registry', 'access', 'util'],
  audit: ['registry', 'util'],
  http: ['registry', 'auth', 'util'],
  server: ['registry', 'config', 'storage', 'http', 'audit', 'util'],
  tls: ['registry', 'util'],
  acme: ['registry', 'tls', 'util'],
  health: ['registry', 'storage', 'util'],
  metrics: ['registry', 'util'],
  tracing: ['registry', 'storage', 'util'],
  debug: ['registry', 'util'],
  mail: ['registry', 'util'],
  systemd: ['registry', 'util'],
  app: [
    'registry',
    'util',
    'config',
    'storage',
    'stored',
    'cache',
    'decorators',
    'access',
    'auth',
    'audit',
    'http',
    'server',
    'tls',
    'acme',
    'health',
    'metrics',
    'tracing',
    'debug',
    'mail',
    'systemd',
  ],
  workers: ['registry', 'util', 'config', 'server', 'metrics', 'debug', 'tracing', 'app'],
  cli: ['registry', 'config', 'server', 'util', 'systemd', 'tracing', 'access', 'auth', 'app', 'workers'],
  '.': ['registry', 'config', 'storage', 'stored', 'http', 'app', 'cli'],
}

/** Tests run compiled, two folders below the root. */
const src = join(dirname(fileURLToPath(import.meta.url)), '../../src')

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.c?ts$/.test(file) && !file.endsWith('.test.ts') && !isSuite(file),
)
const imports = files.flatMap(importsOf)

describe('the architecture', () => {
  it('is read from the sources', () => {
    assert.ok(files.length > 50, `${files.length} files`)
    assert.ok(imports.length > 100, `${imports.length} imports`)
  })

  it('knows every folder', () => {
    assert.deepEqual([...new Set(files.map(folderOf))].toSorted(), Object.keys(allowed).toSorted())
  })

  it('has imports in the allowed directions alone', () => {
    const wrong = imports.filter(({ from, to }) => {
      const folder = folderOf(from)
      return folder !== folderOf(to) && !allowed[folder]?.includes(folderOf(to))
    })
    assert.deepEqual(wrong, [])
  })

  it('lets nobody but storage itself choose a driver', () => {
    const drivers = /^storage\/(?:filesystem|memory|s3|azure|gcs)\//
    assert.deepEqual(
      imports.filter(({ from, to }) => drivers.test(to) && folderOf(from) !== 'storage'),
      [],
    )
  })

  it('keeps paths in one file', () => {
    const makers = files.filter((file) => /\bstoragePath\(/.test(readFileSync(join(src, file), 'utf8')))
    // The drivers check what they are given; probes lie outside of the layout.
    const others = makers.filter((file) => folderOf(file) !== 'storage')
    assert.deepEqual(others.toSorted(), ['stored/paths.ts'])
  })

  it('has no cycles', () => {
    assert.deepEqual(findCycle(), [])
  })
})

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const specifiers = [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/g)]
  return specifiers.map(([, specifier = '']) => ({
    from: file,
    to: relative(src, join(src, dirname(file), specifier)),
  }))
}

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '.'
}

/** The suite that every driver passes is test code that lies beside what it tests. */
function isSuite(file: string): boolean {
  return file === 'storage/driver-contract.ts' || file.startsWith('storage/contract/')
}

function findCycle(): readonly string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target, [...path, file])
      if (cycle.length > 0) return cycle
    }
    done.add(file)
    return []
  }
  return files.map((file) => visit(file, [])).find((cycle) => cycle.length > 0) ?? []
}
