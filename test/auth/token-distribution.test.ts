import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry, type RegistryKind } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { createTokenVerifier } from '../../src/auth/token/token-verifier.ts'
import { recordingLog } from '../tls/recording-log.ts'
import { toPem } from './token-certificates.ts'
import { differences, type Difference, type DistributionVersion } from './token-differences.ts'
import { issuer, service, verdictOf } from './token-rig.ts'
import type { Row } from './token-row.ts'
import { makeTable, type Table } from './token-rows.ts'

/** The same tokens for Berth and for both versions of Distribution: what one accepts the others do, but for a written list. */

/** By the name of the row: whether the token is accepted. */
type Verdicts = ReadonlyMap<string, boolean>

let folder: TemporaryFolder
let table: Table
let bundle: string
let oldBundle: string
let keySet: string

before(async () => {
  folder = temporaryFolder()
  table = await makeTable()
  const write = (name: string, content: string): string => {
    const path = join(folder.path, name)
    writeFileSync(path, content)
    return path
  }
  bundle = write('bundle.pem', table.certificates.map(toPem).join(''))
  oldBundle = write('old-bundle.pem', table.oldCertificates.map(toPem).join(''))
  keySet = write('jwks.json', JSON.stringify({ keys: table.keySet }))
})
after(() => folder.remove())

describe('a token', () => {
  it('is accepted or refused as by Distribution 3', async (t) => {
    if (!requireProgram(t, 'distribution3')) return
    const seen = await verdictsOfRegistry('distribution3', { rootcertbundle: bundle, jwks: keySet })
    compare(3, seen, await verdictsOfVerifier())
  })

  it('is accepted or refused as by Distribution 2', async (t) => {
    if (!requireProgram(t, 'docker-registry')) return
    const seen = await verdictsOfRegistry('distribution2', { rootcertbundle: oldBundle })
    compare(2, seen, await verdictsOfVerifier())
  })

  it('is accepted or refused by the whole registry as by its verifier', async () => {
    const seen = await verdictsOfRegistry('berth', { rootcertbundle: bundle, jwks: keySet })
    assert.deepEqual(seen, await verdictsOfVerifier())
  })
})

function compare(version: DistributionVersion, theirs: Verdicts, ours: Verdicts): void {
  const needed = new Set<Difference>()
  const unexplained: string[] = []
  for (const [name, isAccepted] of ours) {
    if (theirs.get(name) === isAccepted) continue
    const explanation = differences.find(
      ({ from, accepts, rows }) => from.includes(version) && accepts === isAccepted && rows.test(name),
    )
    if (explanation === undefined) unexplained.push(`${name}: Berth ${isAccepted ? 'accepts' : 'refuses'}`)
    else needed.add(explanation)
  }
  assert.deepEqual(unexplained, [])
  const unneeded = differences
    .filter(({ from }) => from.includes(version))
    .filter((each) => !needed.has(each))
  assert.deepEqual(unneeded, [], 'differences that are none')
  const accepted = [...ours.values()].filter(Boolean).length
  assert.ok(accepted > 50 && ours.size - accepted > 50, `${accepted} of ${ours.size} are accepted`)
}

async function verdictsOfVerifier(): Promise<Verdicts> {
  const { log } = recordingLog()
  const files = { rootcertbundle: bundle, jwks: keySet }
  const verifier = await createTokenVerifier({ issuer, service, ...files, signingalgorithms: [], log })
  return await verdictsOf(async ({ token, repository }) => {
    if ((await verdictOf(verifier, token)) !== 'accepted') return false
    const { scopes } = await verifier.verify(token)
    return repository === undefined || scopes.allow('repository', repository, 'pull')
  })
}

async function verdictsOfRegistry(
  kind: RegistryKind,
  files: Readonly<Record<string, string>>,
): Promise<Verdicts> {
  const realm = 'https://tokens.example/auth'
  const registry = await startRegistry({
    kind,
    config: { auth: { token: { realm, service, issuer, ...files } } },
  })
  try {
    return await verdictsOf(async ({ token, repository }) => {
      const path = repository === undefined ? '' : `${repository}/tags/list`
      const headers = { Authorization: `Bearer ${token}` }
      // A token at which the registry panics, and breaks off, is not accepted.
      const answer = await http('GET', `${registry.url}/v2/${path}`, { headers }).catch(() => undefined)
      const status = answer?.status ?? 401
      assert.ok([200, 401, 404].includes(status), `${token}: ${status}`)
      return status !== 401
    })
  } finally {
    await registry.stop()
  }
}

async function verdictsOf(isAccepted: (row: Row) => Promise<boolean>): Promise<Verdicts> {
  const verdicts = new Map<string, boolean>()
  for (const row of table.rows) {
    assert.ok(!verdicts.has(row.name), `two rows ${row.name}`)
    verdicts.set(row.name, await isAccepted(row))
  }
  return verdicts
}
