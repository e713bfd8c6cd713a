import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { acmeSharingWarning } from './acme-sharing.ts'

const stores = {
  s3: { s3: { bucket: 'images', region: 'eu-west-1' } },
  filesystem: { filesystem: {} },
}

function configOf(t: TestContext, store: keyof typeof stores, cachefile: string): Config {
  const folder = folderOf(t)
  const file = join(folder, 'config.yml')
  const http = { tls: { letsencrypt: { cachefile, email: 'a@example.com', hosts: ['r.example.com'] } } }
  writeFileSync(file, JSON.stringify({ version: '0.1', storage: stores[store], http }))
  return loadConfig({ file, env: {} }).config
}

function folderOf(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'berth-acme-')))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('certificates of replicas', () => {
  it('are warned about where images can be shared and certificates cannot', async (t) => {
    const folder = folderOf(t)
    const cache = join(folder, 'letsencrypt', 'cache')
    const mountinfo = join(folder, 'mountinfo')
    const mounted = (type: string): void =>
      writeFileSync(
        mountinfo,
        `22 1 254:1 / / rw - ext4 /dev/vda1 rw\n30 22 0:30 / ${folder} rw - ${type} x rw\n`,
      )
    for (const [store, type, isWarned] of [
      ['s3', 'ext4', true],
      ['s3', 'overlay', true],
      ['s3', 'nfs4', false],
      ['s3', 'ceph', false],
      ['filesystem', 'ext4', false],
    ] as const) {
      mounted(type)
      const warning = await acmeSharingWarning(configOf(t, store, cache), mountinfo)
      assert.equal(
        warning?.includes(`on this machine alone: ${cache};`),
        isWarned || undefined,
        `${store} ${type}`,
      )
    }
  })

  it('are not, where there are none, or nothing is known of mounts', async (t) => {
    const config = configOf(t, 's3', join(folderOf(t), 'cache'))
    assert.equal(await acmeSharingWarning(config, '/nonexistent/mountinfo'), undefined)
    const { letsencrypt: _, ...tls } = config.http.tls
    const without = { ...config, http: { ...config.http, tls: { ...tls, letsencrypt: { hosts: [] } } } }
    assert.equal(await acmeSharingWarning(without), undefined)
  })
})
