import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { hash } from 'bcrypt'
import type { HttpOptions } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { clientOfEach, startSeveral, type Ask } from './several.ts'

function basic(user: string, password: string): HttpOptions {
  return { headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } }
}

async function statusOf(ask: Ask, user: string, password: string): Promise<number> {
  return (await ask('GET', '/v2/', basic(user, password))).status
}

void test('several processes are as slow to guess against as one, and take the tokens of each other', async (t) => {
  const file = join(temporaryFolder(t).path, 'htpasswd')
  writeFileSync(file, `ann:${await hash('right', 4)}\nbob:${await hash('right', 4)}\n`)
  const registry = await startSeveral(t, {
    config: {
      auth: { htpasswd: { realm: 'r', path: file } },
      access: {
        rules: [
          { who: ['anonymous'], repositories: ['open/**'], allow: ['pull'] },
          { who: ['authenticated'], repositories: ['**'], allow: ['all'] },
        ],
      },
    },
    isReady: async (url) => (await fetch(`${url}/v2/`)).status === 401,
  })
  const [one, other] = await clientOfEach(t, registry)
  assert.ok(one && other)

  await t.test('failures count together', async () => {
    for (let count = 0; count < 5; count++) {
      const ask: Ask = count % 2 === 0 ? one : other
      assert.equal(await statusOf(ask, 'ann', `wrong ${count}`), 401)
    }
    await delay(50)
    assert.equal(await statusOf(one, 'ann', 'another'), 429)
    assert.equal(await statusOf(other, 'ann', 'another'), 429)
  })

  await t.test('a success counts for all', async () => {
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 4; count++)
        assert.equal(await statusOf(one, 'bob', `wrong ${round} ${count}`), 401)
      assert.equal(await statusOf(round % 2 === 0 ? one : other, 'bob', 'right'), 200)
      await delay(50)
    }
  })

  await t.test('a token of one is good for the other', async () => {
    const scope = 'repository:some:pull,push'
    const answer = await one('GET', `/auth/token?service=berth&scope=${scope}`, basic('bob', 'right'))
    const { token } = answer.json() as { token: string }
    const headers = { Authorization: `Bearer ${token}` }
    for (const ask of [one, other]) {
      const { status, body } = await ask('POST', '/v2/some/blobs/uploads/', { headers })
      assert.equal(status, 202, body.toString())
    }
  })
})
