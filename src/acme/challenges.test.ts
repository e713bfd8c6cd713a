import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { makeCertificate } from '../../test/tls/certificates.ts'
import type { Log } from '../registry/context.ts'
import { Challenges } from './challenges.ts'
import { parseHostName } from './host-name.ts'
import { openCache } from './open-cache.ts'

void test('a challenge is only presented when all that share the cache know that there is one', async (t) => {
  const { path } = temporaryFolder(t)
  const { certificate, key } = await makeCertificate(path, { name: 'challenge' })
  const pair = { key: readFileSync(key, 'utf8'), chain: readFileSync(certificate, 'utf8') }
  const host = parseHostName('registry.example.com')
  assert.ok(host)
  const cache = join(path, 'cache')
  const one = new Challenges(await openCache(cache), silent)
  const other = new Challenges(await openCache(cache), silent)
  // Someone has just looked, and found nothing.
  assert.equal(await other.isPending(), false)
  const withdraw = await one.presentTlsAlpn01(host, pair)
  assert.equal(await other.isPending(), true)
  await withdraw()
  for (const challenges of [one, other]) challenges.close()
})

function nothing(): void {}

const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
