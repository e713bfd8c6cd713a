import assert from 'node:assert/strict'
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { hash } from 'bcrypt'
import { parseSamples, sampleOf } from '../debug/samples.ts'
import { contentOf, octets, withDigest } from '../http/content.ts'
import { startReloadable } from '../process/reloadable.ts'
import { http, type HttpResponse } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const blob = contentOf('a blob')

describe('the audit log of a process', () => {
  it('begins with a reload, is rotated by others, and is whole at the end', async (t) => {
    const folder = temporaryFolder(t).path
    const [file, users] = [join(folder, 'audit.log'), join(folder, 'htpasswd')]
    writeFileSync(users, `alice:${await hash('right', 4)}\n`)
    const debugPort = await freePort()
    const debug = { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true, path: '/metrics' } }
    const registry = await startReloadable(t, { http: { debug } })
    const { url, daemon } = registry
    const config = { http: { debug }, auth: { htpasswd: { realm: 'test', path: users } }, audit: { file } }
    const ask = async (method: string, path: string, password: string): Promise<HttpResponse> => {
      const authorization = `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`
      const body = method === 'POST' ? { body: blob.content } : {}
      return await http(method, url + path, { headers: { ...octets, authorization }, ...body })
    }
    const push = async (repository: string): Promise<void> => {
      const path = withDigest(`/v2/${repository}/blobs/uploads/`, blob.digest)
      assert.equal((await ask('POST', path, 'right')).status, 201)
    }
    const rotate = (name: string): string => {
      renameSync(file, join(folder, name))
      return join(folder, name)
    }

    registry.write(config)
    assert.match(await registry.hangUp(), /configuration reloaded/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    await push('a')
    assert.equal((await ask('GET', '/v2/', 'wrong')).status, 401)

    const first = rotate('first')
    await registry.hangUp()
    await push('b')

    // Whoever rotates does not know that somebody has just spoilt the configuration.
    const second = rotate('second')
    registry.write({ ...config, log: { level: 'loud' } })
    assert.match(await registry.hangUp(), /configuration not reloaded/)
    await push('c')

    const metrics = parseSamples((await http('GET', `http://127.0.0.1:${debugPort}/metrics`)).body.toString())
    assert.equal(sampleOf(metrics, 'berth_auth_logins_total', { outcome: 'accepted' }), 1)
    assert.equal(sampleOf(metrics, 'berth_auth_logins_total', { outcome: 'refused' }), 1)
    assert.equal(sampleOf(metrics, 'berth_auth_refusals_total', { kind: 'unauthenticated' }), 1)
    assert.equal(sampleOf(metrics, 'berth_audit_lines_lost_total'), 0)

    await push('d')
    await daemon.stop()
    // What waits at a rotation is written to the new file.
    assert.deepEqual([first, second, file].flatMap(eventsOf), [
      'login accepted',
      'push accepted a',
      'login refused',
      'denied unauthenticated',
      'push accepted b',
      'push accepted c',
      'push accepted d',
    ])
    assert.equal(eventsOf(file).at(-1), 'push accepted d', 'also after a reload that was refused')
    const all = [first, second, file].map((path) => readFileSync(path, 'utf8')).join('') + daemon.output()
    for (const secret of ['right', 'wrong'].map((password) => `alice:${password}`))
      assert.ok(!all.includes(Buffer.from(secret).toString('base64')))
  })

  it('keeps a configuration out whose file cannot be opened', async (t) => {
    const folder = temporaryFolder(t).path
    const registry = await startReloadable(t)
    const file = join(folder, 'absent', 'audit.log')
    registry.write({ audit: { file } })
    const said = await registry.hangUp()
    assert.match(said, /configuration not reloaded/)
    assert.ok(said.includes(`${file}: no such folder`), said)
    assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
  })
})

function eventsOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { event, outcome, repository } = JSON.parse(line) as Readonly<Record<string, string>>
      return [event, outcome, repository].filter((word) => word !== undefined).join(' ')
    })
}
