import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { describeDifference, differencesOf } from '../corpus/compare.ts'
import { KnownDifferences } from '../corpus/known-differences.ts'
import type { Observation } from '../corpus/observation.ts'
import { seedStore } from '../corpus/seed-store.ts'
import { startRegistry, type RegistryKind } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  manifoldPasswords,
  presentedAnything,
  presentedPasswords,
  tokenSurroundings,
} from './comparison-credentials.ts'
import { knownDifferences } from './comparison-differences.ts'
import { allRequests, firstRequests, type ComparedRequest } from './comparison-requests.ts'
import { observe, type Presented } from './comparison.ts'
import { basic } from './htpasswd-file.ts'

/** A way of access, and what is asked with which credentials. */
interface Way {
  readonly name: string
  readonly auth: Readonly<Record<string, unknown>>
  readonly asked: readonly {
    readonly presented: readonly Presented[]
    readonly requests: readonly ComparedRequest[]
  }[]
}

const nobody: Presented = { name: 'nobody' }

void test('without rules, access is as in Distribution', async (t) => {
  if (!requireProgram(t, 'docker-registry', 'distribution3', 'openssl')) return
  const folder = temporaryFolder(t).path
  const known = new KnownDifferences(knownDifferences)
  for (const way of [await passwords(folder), silly(), await tokens(folder)]) {
    await t.test(`auth.${way.name}`, (part) => compare(part, way, known))
  }
  await t.test('every difference that is listed is still there', () => {
    assert.deepEqual(known.unused(), [])
  })
})

async function passwords(folder: string): Promise<Way> {
  const path = join(folder, 'htpasswd')
  writeFileSync(path, await manifoldPasswords())
  const right = { name: 'right password', value: basic('docker', 'secret') }
  const wrong = { name: 'wrong password', value: basic('docker', 'wrong') }
  const unknown = { name: 'unknown user', value: basic('nobody', 'secret') }
  return {
    name: 'htpasswd',
    auth: { htpasswd: { realm: 'the "team"', path } },
    asked: [
      { presented: [nobody, right], requests: allRequests },
      { presented: [wrong, unknown, ...presentedPasswords], requests: firstRequests },
    ],
  }
}

function silly(): Way {
  return {
    name: 'silly',
    auth: { silly: { realm: 'https://auth.example.com/token', service: 'registry.example.com' } },
    asked: [
      { presented: [nobody], requests: allRequests },
      { presented: presentedAnything, requests: firstRequests },
    ],
  }
}

async function tokens(folder: string): Promise<Way> {
  const { config, valid, withoutAccess, variants } = await tokenSurroundings(folder)
  return {
    name: 'token',
    auth: { token: config },
    asked: [
      { presented: [nobody, valid, withoutAccess], requests: allRequests },
      { presented: variants, requests: firstRequests },
    ],
  }
}

async function compare(t: TestContext, way: Way, known: KnownDifferences): Promise<void> {
  const [berth, ...peers] = await Promise.all([
    observeKind(t, 'berth', way),
    observeKind(t, 'distribution2', way),
    observeKind(t, 'distribution3', way),
  ])
  const found = (['distribution2', 'distribution3'] as const).flatMap((peer, index) =>
    differencesOf(way.name, peer, peers[index] ?? new Map(), berth),
  )
  assert.ok(berth.size > 100 || way.name === 'silly', `${berth.size} answers`)
  const unknown = found.filter((each) => !known.explains(each)).map(describeDifference)
  assert.ok(unknown.length === 0, `not in comparison-differences.ts:\n${unknown.join('\n')}`)
}

async function observeKind(t: TestContext, kind: RegistryKind, { auth, asked }: Way): Promise<Observation> {
  const root = temporaryFolder(t).path
  mkdirSync(root, { recursive: true })
  seedStore(root)
  const registry = await startRegistry({ kind, root, config: { auth } }, t)
  const seen: Observation[] = []
  for (const { presented, requests } of asked) seen.push(await observe(registry, presented, requests))
  return new Map(seen.flatMap((each) => [...each]))
}
