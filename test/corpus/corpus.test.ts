import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RegistryKind } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { describeDifference, differencesOf } from './compare.ts'
import { readCorpus, type CorpusCase } from './corpus-case.ts'
import { probeDebug } from './debug-probes.ts'
import { KnownDifferences } from './known-differences.ts'
import { knownDifferences } from './differences.ts'
import { probeH2c } from './http2-probe.ts'
import { launch, type Launched, type LaunchOptions } from './launch.ts'
import { configurationWarnings, observeLogs } from './log-probe.ts'
import type { Observation } from './observation.ts'
import { probe } from './probes.ts'
import { refusals } from './refusals.ts'
import type { ServerEnd } from './server-process.ts'
import { prepareSurroundings } from './surroundings.ts'
import { probeTls } from './tls-probes.ts'
import { warnings } from './warnings.ts'

/** Cases at a time, with two or three registries each. */
const concurrency = 3

void test('a configuration that works with Distribution works with Berth', { concurrency }, async (t) => {
  if (!requireProgram(t, 'docker-registry', 'distribution3', 'openssl')) return
  const folder = temporaryFolder(t).path
  const shared = await prepareSurroundings(t, folder)
  const corpus = readCorpus()
  const known = new KnownDifferences(knownDifferences)

  const tested = corpus.map((subject) =>
    t.test(`${subject.name}: ${subject.title}`, async (part) => {
      if (subject.over === 'ipv6' && !hasIpv6()) {
        assert.ok(!process.env['CI'], 'no IPv6 on this machine')
        part.skip('no IPv6 on this machine')
        return
      }
      await testCase(subject, join(folder, subject.name), shared, known)
    }),
  )
  await Promise.all(tested)

  await t.test('there are as many cases as were asked for', () => {
    assert.ok(corpus.length >= 48, `${corpus.length} cases`)
  })

  await t.test('every difference that is listed is still there', () => {
    assert.deepEqual(known.unused(), [])
    const names = new Set(corpus.map(({ name }) => name))
    assert.deepEqual(
      [...Object.keys(refusals), ...Object.keys(warnings)].filter((name) => !names.has(name)),
      [],
    )
  })
})

async function testCase(
  subject: CorpusCase,
  folder: string,
  shared: LaunchOptions['shared'],
  known: KnownDifferences,
): Promise<void> {
  const kinds: readonly RegistryKind[] = ['berth', ...subject.peers]
  const launched = await byKind(kinds, async (kind) => {
    const own = join(folder, kind)
    mkdirSync(own, { recursive: true })
    return await launch(kind, subject, { folder: own, shared })
  })
  const running = [...launched.keys()].filter((kind) => launched.get(kind)?.outcome === 'starts')
  // Also when one of them should not run: all must be stopped.
  const results = await byKind(running, (kind) => observe(subject, launched.get(kind)))
  checkRefusals(subject, launched)

  const berth = results.get('berth')
  if (berth === undefined) return
  assert.equal(berth.end.code, 0, 'it ends in order')
  assert.deepEqual(configurationWarnings(berth.end), warnings[subject.name] ?? [])
  const found = subject.peers.flatMap((peer) => {
    const distribution = results.get(peer)
    if (distribution === undefined) return []
    return differencesOf(subject.name, peer, distribution.observation, berth.observation)
  })
  const unknown = found.filter((each) => !known.explains(each)).map(describeDifference)
  assert.ok(unknown.length === 0, `not in differences.ts:\n${unknown.join('\n')}`)
}

/** All at the same time. */
async function byKind<Result>(
  kinds: readonly RegistryKind[],
  work: (kind: RegistryKind) => Promise<Result>,
): Promise<ReadonlyMap<RegistryKind, Result>> {
  return new Map(await Promise.all(kinds.map(async (kind) => [kind, await work(kind)] as const)))
}

/** Whether those start that should, and whether Berth says what is wrong: file, line and key. */
function checkRefusals(subject: CorpusCase, launched: ReadonlyMap<RegistryKind, Launched>): void {
  const expected = refusals[subject.name] ?? { by: [] }
  const refused = [...launched].filter(([, { outcome }]) => outcome === 'refuses')
  const report = refused.map(([kind, each]) => `${kind}: ${'message' in each ? each.message : ''}`).join('\n')
  assert.deepEqual(refused.map(([kind]) => kind).toSorted(), [...expected.by].toSorted(), report)
  const isAlike = refused.length === 0 || refused.length === launched.size
  assert.equal(expected.reason === undefined, isAlike, 'a reason is given when they differ')
  const berth = launched.get('berth')
  if (berth?.outcome !== 'refuses') return
  assert.equal(berth.code, 1)
  const said = berth.message
    .trimEnd()
    .replace(/^(?:configuration )?error: /, '')
    .replaceAll('@FOLDER@/', '')
  assert.deepEqual(said.split('\n'), expected.says)
  if (expected.isOfSurroundings === true) return
  for (const line of said.split('\n')) assert.match(line, /^(?:config\.yml:\d+:\d+|REGISTRY_[\w-]+): /)
}

interface Observed {
  readonly observation: Observation
  readonly end: ServerEnd
}

/** Probes a registry that runs, and stops it. */
async function observe(subject: CorpusCase, launched: Launched | undefined): Promise<Observed> {
  assert.ok(launched?.outcome === 'starts')
  const { target, stop } = launched
  const seen: Observation[] = []
  try {
    if (subject.over !== 'connection') seen.push(await probe(target, subject.prefix))
    if (subject.over === 'http') seen.push(await probeH2c(target, subject.prefix))
    if (target.tls !== undefined) seen.push(await probeTls(target, target.tls, subject.prefix))
    if (subject.metrics !== undefined) seen.push(await probeDebug(target, subject.metrics))
  } catch (error) {
    await stop()
    throw error
  }
  const end = await stop()
  return { end, observation: new Map([...seen, observeLogs(end)].flatMap((each) => [...each])) }
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, address }) => family === 'IPv6' && address === '::1'),
  )
}
