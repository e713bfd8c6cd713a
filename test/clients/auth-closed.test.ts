import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { accepted, refused } from '../support/auth-client.ts'
import { rules, who, writeByBerth } from '../support/auth-rules.ts'
import { startGuarded, startSetting } from '../support/auth-setting.ts'
import { readImage } from '../support/registry-content.ts'

/** Rights by rules on plain passwords, with nothing open to all: the challenge is Basic. Of Berth alone. */

/** What is read: 403 for what somebody may see, and for the rest what is said of what is not there. */
interface Sees {
  readonly nobody: RegExp
  readonly noPull: RegExp
  /** To what may be pulled. */
  readonly noPush: RegExp
  readonly noPushHidden: RegExp
}

const sees: Readonly<Record<string, Sees>> = {
  docker: {
    nobody: /no basic auth credentials/,
    noPull: /manifest for \S+ not found: manifest unknown/,
    noPush: /denied: pushing to team\/docker is not allowed/,
    noPushHidden: /name unknown: repository name not known to registry/,
  },
  containerd: {
    nobody: /401 Unauthorized/,
    noPull: /not found/,
    // Now and then its writer of the manifest falls over the end of the request before it looks at the answer.
    noPush: /403 Forbidden|closed pipe/,
    noPushHidden: /404 Not Found/,
  },
  podman: {
    nobody: /unauthorized: authentication required/,
    noPull: /manifest unknown/,
    noPush: /denied: pushing to team\/\w+ is not allowed/,
    noPushHidden: /name unknown: repository name not known to registry/,
  },
  skopeo: {
    nobody: /unauthorized: authentication required/,
    noPull: /manifest unknown/,
    noPush: /denied: pushing to team\/\w+ is not allowed/,
    noPushHidden: /name unknown: repository name not known to registry/,
  },
  helm: {
    nobody: /basic credential not found/,
    noPull: /not found/,
    noPush: /response status code 403: denied: pushing to team\/helm is not allowed/,
    noPushHidden: /response status code 404: name unknown/,
  },
}

void test('clients with rights by rules, where everybody has to log in', async (t) => {
  const setting = await startSetting(t)
  if (setting === undefined) return
  const { clients, folder } = setting
  const path = join(folder, 'htpasswd')
  await writeByBerth(path)
  const closed = rules.filter((rule) => !rule.who.includes('anonymous'))
  const access = { rules: closed, groups: { admins: ['alice'], ci: ['bot'] } }
  const auth = { htpasswd: { realm: 'Registry Realm', path } }
  const { host, plain } = await startGuarded({ kind: 'berth', config: { auth, access } }, t)
  for (const client of clients) {
    const own = client.name
    const texts = sees[own]
    // buildah asks as podman does.
    if (texts === undefined) continue
    await t.test(own, async () => {
      const { nobody, noPull, noPush, noPushHidden } = texts
      const image = (place: string, version = '1.0.0'): string => `${host}/${place}/${own}:${version}`
      accepted(await client.login(host, who('alice')))
      for (const place of ['team', 'hidden']) accepted(await client.push(image(place)))
      accepted(await client.logout(host))
      refused(await client.pull(image('team')), nobody)

      accepted(await client.login(host, who('carol')))
      accepted(await client.pull(image('team')))
      for (const place of ['hidden', 'absent']) refused(await client.pull(image(place)), noPull)
      refused(await client.push(image('team', '1.0.1')), noPush)
      refused(await client.push(image('hidden', '1.0.1')), noPushHidden)
      for (const place of ['team', 'hidden'])
        await assert.rejects(readImage(plain.url, `${place}/${own}`, '1.0.1'), /404/)
      accepted(await client.push(image('users/carol')))
      await readImage(plain.url, `users/carol/${own}`, '1.0.0')
      accepted(await client.logout(host))
    })
  }
})
