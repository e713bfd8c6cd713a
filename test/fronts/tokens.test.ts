import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { basic, htpasswdFile } from '../auth/htpasswd-file.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeAuthority } from './certificates.ts'
import { Client } from './client.ts'
import { frontKinds, ownAddress, startFront, type Site } from './front.ts'
import { startRegistry } from './registry.ts'

/** Where the registry lies, and what it is told of that. */
const sites: readonly (readonly [site: Site, below: string, http: Readonly<Record<string, unknown>>])[] = [
  ['whole-host', '', {}],
  ['prefix', '/registry', { prefix: '/registry/' }],
  ['path', '/registry', {}],
]

for (const kind of frontKinds) {
  void test(`tokens behind ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    const authority = await makeAuthority(t)
    const client = new Client(authority)
    const path = join(temporaryFolder(t).path, 'htpasswd')
    writeFileSync(path, await htpasswdFile({ ann: 'secret' }))
    const rules = [{ who: ['anonymous'], repositories: ['**'], allow: ['pull'] }]

    for (const [site, below, http] of sites) {
      await t.test(site, async (sub) => {
        const registry = await startRegistry(
          { http, config: { auth: { htpasswd: { realm: 'r', path } }, access: { rules } } },
          sub,
        )
        const address = ownAddress()
        const front = await startFront(
          { kind, registries: [registry.at], site, address, tls: await authority.issue([address]) },
          sub,
        )
        const base = `${front.origin}${below}/v2/`
        const refused = await client.call('GET', base)
        assert.equal(refused.status, 401)
        const [, realm = ''] = /^Bearer realm="([^"]*)"/.exec(refused.headers['www-authenticate'] ?? '') ?? []
        assert.equal(realm, `${front.origin}${below}/auth/token`)
        const authorization = basic('ann', 'secret')
        const answer = await client.call('GET', realm, { headers: { Authorization: authorization } })
        assert.equal(answer.status, 200, answer.body.toString())
        const { token } = JSON.parse(answer.body.toString()) as { token: string }
        const admitted = await client.call('GET', base, { headers: { Authorization: `Bearer ${token}` } })
        assert.equal(admitted.status, 200)
      })
    }
  })
}
