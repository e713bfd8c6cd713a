import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeAuthority, type Certificates } from './certificates.ts'
import { Client } from './client.ts'
import { exercise, expectedLocations } from './exercise.ts'
import { frontKinds, ownAddress, startFront, type FrontOptions, type RunningFront } from './front.ts'
import { startRegistry } from './registry.ts'

for (const kind of frontKinds) {
  void test(`ways from ${kind} to the registry`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    const authority = await makeAuthority(t)
    const client = new Client(authority)

    await t.test('a unix socket', async (sub) => {
      const registry = await startRegistry({ at: join(temporaryFolder(sub).path, 'registry.sock') }, sub)
      const front = await startTlsFront(sub, authority, { kind, registries: [registry.at] })
      assert.deepEqual(await exercise(client, front.origin), expectedLocations(front.origin))
    })

    for (const site of ['whole-host', 'path'] as const) {
      await t.test(`TLS, ${site}`, async (sub) => {
        const { certificate, key } = await authority.issue(['registry.internal'])
        const registry = await startRegistry({ http: { tls: { certificate, key } } }, sub)
        const front = await startTlsFront(sub, authority, {
          kind,
          site,
          registries: [registry.at],
          registryCa: authority.authority,
        })
        const base = site === 'path' ? `${front.origin}/registry` : front.origin
        assert.deepEqual(await exercise(client, base), expectedLocations(base))
      })
    }

    await t.test('TLS, and the registry is not who it should be', async (sub) => {
      const { certificate, key } = await authority.issue(['elsewhere.internal'])
      const registry = await startRegistry({ http: { tls: { certificate, key } } }, sub)
      const front = await startTlsFront(sub, authority, {
        kind,
        registries: [registry.at],
        registryCa: authority.authority,
      })
      const { status } = await client.call('GET', `${front.origin}/v2/`)
      assert.ok(status === 502 || status === 503, `${status}`)
    })

    await t.test('plain HTTP is sent on to TLS', async (sub) => {
      const registry = await startRegistry({}, sub)
      const front = await startTlsFront(sub, authority, { kind, registries: [registry.at] })
      const path = '/v2/team/app/tags/list?n=1'
      const moved = await client.expect(308, 'GET', `http://${front.address}${path}`)
      assert.equal(moved.headers.location, `${front.origin}${path}`)
    })
  })
}

async function startTlsFront(
  t: TestContext,
  authority: Certificates,
  options: Omit<FrontOptions, 'address' | 'tls'>,
): Promise<RunningFront> {
  const address = ownAddress()
  return await startFront({ ...options, address, tls: await authority.issue([address]) }, t)
}
