import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { accepted, refused } from '../support/auth-client.ts'
import { soon, startGuarded, startSetting } from '../support/auth-setting.ts'
import { rules, users, who, writeByBerth, type User } from '../support/auth-rules.ts'
import { skopeoClient } from '../support/auth-tools.ts'
import { readImage } from '../support/registry-content.ts'
import { run, words } from '../support/run.ts'

/**
 * Rights by rules where some need no login: Distribution has neither, so this is about Berth alone. It sends its clients for a
 * token of its own, for Docker learns at `/v2/` alone how to log in.
 */

/** What a client's user reads, where he is sent for a token of the registry's own. */
interface Sees {
  readonly wrong: RegExp
  readonly noPull: RegExp
  readonly noPush: RegExp
  readonly noTag: RegExp
  readonly immutable: RegExp
}

const containersTool: Sees = {
  wrong: /logging into \S+: invalid username\/password/,
  noPull: /denied: requested access to the resource is denied/,
  noPush: /denied: requested access to the resource is denied/,
  noTag: /denied: pushing the tag 2\.0\.0 to apps\/\S+ is not allowed/,
  immutable: /denied: the tag 1\.9\.0 is immutable/,
}

const sees: Readonly<Record<string, Sees>> = {
  docker: {
    wrong: /unauthorized: incorrect username or password/,
    noPull: /pull access denied for \S+, repository does not exist or may require 'docker login'/,
    noPush: /denied: requested access to the resource is denied/,
    noTag: /denied: pushing the tag 2\.0\.0 to apps\/\S+ is not allowed/,
    immutable: /denied: the tag 1\.9\.0 is immutable/,
  },
  containerd: {
    wrong: /401 Unauthorized/,
    noPull: /pull access denied, repository does not exist or may require authorization/,
    // Now and then its writer of the manifest falls over the end of the request before it looks at the answer.
    noPush: /insufficient_scope: authorization failed|closed pipe/,
    noTag: /403 Forbidden|closed pipe/,
    immutable: /409 Conflict|closed pipe/,
  },
  podman: containersTool,
  skopeo: containersTool,
  helm: {
    wrong: /authenticating to .* response status code 401/,
    noPull: /response status code 401/,
    noPush: /response status code 401/,
    noTag: /response status code 403: denied: pushing the tag 2\.0\.0 to apps\/helm is not allowed/,
    immutable: /response status code 409: denied: the tag 1\.9\.0 is immutable/,
  },
}

void test('clients where anybody may pull something', async (t) => {
  const setting = await startSetting(t)
  if (setting === undefined) return
  const { docker, folder, layout } = setting
  // buildah asks as podman does.
  const clients = setting.clients.filter(({ name }) => name !== 'buildah')
  const path = join(folder, 'htpasswd')
  await writeByBerth(path)
  const groupfile = join(folder, 'groups')
  writeFileSync(groupfile, 'ci: bot\n')
  const access = { rules, groups: { admins: ['alice'] }, groupfile, immutable: ['*.9.*'] }
  const auth = { htpasswd: { realm: 'Registry Realm', path } }
  const storage = { delete: { enabled: true } }
  const registry = await startGuarded({ kind: 'berth', config: { auth, access, storage } }, t)
  const { host, plain } = registry

  for (const [index, client] of clients.entries()) {
    await t.test(client.name, async (part) => {
      const own = client.name
      const { wrong, noPull, noPush, noTag } = sees[own]!
      const image = (place: string, version = '1.0.0'): string => `${host}/${place}/${own}:${version}`
      const isThere = async (place: string, version = '1.0.0'): Promise<void> => {
        await readImage(plain.url, `${place}/${own}`, version)
      }
      const isAbsent = async (place: string, version: string): Promise<void> => {
        await assert.rejects(isThere(place, version), /404/)
      }

      await part.test('an admin pushes everywhere', async () => {
        accepted(await client.login(host, who('alice')))
        for (const place of ['open', 'team', 'hidden']) {
          accepted(await client.push(image(place)))
          await isThere(place)
        }
        accepted(await client.logout(host))
      })

      await part.test('without a login pulls what is open, and sees and pushes nothing else', async () => {
        accepted(await client.pull(image('open')))
        refused(await client.push(image('open', '1.0.1')), noPush)
        await isAbsent('open', '1.0.1')
        // What is hidden looks like what is not there.
        for (const place of ['team', 'hidden', 'absent']) refused(await client.pull(image(place)), noPull)
      })

      await part.test('with a wrong password does not log in', async () => {
        // Not always the same user: whoever fails five times has to wait.
        const user = (['alice', 'bot', 'carol'] as const)[index % 3]!
        const said = await client.login(host, { user, password: `not for ${own}` })
        // What has no command to log in hears it when it pushes.
        refused(said.ok ? await client.push(image('users/carol')) : said, wrong)
        await client.logout(host)
      })

      await part.test('logged in pulls more, and pushes to a room of its own', async () => {
        accepted(await client.login(host, who('carol')))
        for (const place of ['open', 'team']) accepted(await client.pull(image(place)))
        refused(await client.pull(image('hidden')), noPull)
        for (const place of ['open', 'team', 'hidden', 'users/alice']) {
          refused(await client.push(image(place, '1.0.1')), noPush)
          await isAbsent(place, '1.0.1')
        }
        accepted(await client.push(image('users/carol')))
        await isThere('users/carol')
        accepted(await client.pull(image('users/carol')))
        accepted(await client.logout(host))
        refused(await client.pull(image('users/carol')), noPull)
      })

      await part.test('with the right to push some tags pushes these alone', async () => {
        accepted(await client.login(host, who('bot')))
        // The second time its layers are there, and anybody could ask for them.
        for (const version of ['1.0.0', '1.0.1']) {
          accepted(await client.push(image('apps', version)))
          await isThere('apps', version)
        }
        refused(await client.push(image('apps', '2.0.0')), noTag)
        await isAbsent('apps', '2.0.0')
        accepted(await client.logout(host))
        accepted(await client.pull(image('apps')))
      })
    })
  }

  await t.test('a tag that is immutable takes no other image', async () => {
    layout.tag('other', await layout.addImage({ seed: 'other' }))
    const other = skopeoClient(layout, 'other', t)
    await other.login(host, who('alice'))
    for (const client of clients.filter(({ name }) => name === 'docker' || name === 'skopeo')) {
      const { immutable } = sees[client.name]!
      const name = `${host}/team/${client.name}:1.9.0`
      accepted(await client.login(host, who('alice')))
      accepted(await client.push(name))
      // The same once more is no change.
      accepted(await client.push(name))
      const { digest } = await readImage(plain.url, `team/${client.name}`, '1.9.0')
      refused(await other.push(name), sees['skopeo']!.immutable)
      if (client === docker) {
        await docker.docker(['build', '--tag', name, '-'], { input: 'FROM own:image\nLABEL other=yes\n' })
        await assert.rejects(docker.docker(['push', name]), immutable)
      }
      assert.equal((await readImage(plain.url, `team/${client.name}`, '1.9.0')).digest, digest)
      accepted(await client.logout(host))
    }
  })

  await t.test('what its user may not read is not mounted for him: he uploads it', async () => {
    const file = `FROM own:image\nCOPY . /secret\n`
    const context = join(folder, 'context')
    await run('mkdir', [context])
    writeFileSync(join(context, 'secret'), 'a layer that is in one repository')
    writeFileSync(join(context, 'Dockerfile'), file)
    const [secret, mine] = [`${host}/hidden/secret:1.0.0`, `${host}/users/carol/copy:1.0.0`]
    await docker.docker(['build', '--tag', secret, '--tag', mine, context])
    accepted(await docker.login(host, who('alice')))
    await docker.docker(['push', secret])
    accepted(await docker.login(host, who('carol')))
    const said = await docker.docker(['push', mine])
    assert.match(said, /: Pushed/)
    assert.doesNotMatch(said, /Mounted from hidden\/secret/)
    await readImage(plain.url, 'users/carol/copy', '1.0.0')
    const asked =
      /"POST \/v2\/users\/carol\/copy\/blobs\/uploads\/\?from=hidden%2Fsecret\S* HTTP\/1.1" (\d+) /g
    await soon(() => {
      const answers = Array.from(registry.output().matchAll(asked), ([, status]) => status)
      assert.deepEqual(new Set(answers), new Set(['202']))
    })
    accepted(await docker.logout(host))
  })

  await t.test('lists and deletes as the rules say', async () => {
    const authfile = join(folder, 'no-logins.json')
    writeFileSync(authfile, '{}')
    const skopeo = async (line: string, user?: User): Promise<string> => {
      const creds = user === undefined ? [] : ['--creds', `${user}:${users[user]}`]
      const [command = '', ...args] = words(line)
      const flags = [command, '--tls-verify=false', '--authfile', authfile, ...creds]
      return (await run('skopeo', [...flags, ...args])).stdout
    }
    const remote = `docker://${host}`
    const list = JSON.parse(await skopeo(`list-tags ${remote}/open/skopeo`)) as {
      readonly Tags: readonly string[]
    }
    assert.deepEqual(list.Tags, ['1.0.0'])
    await assert.rejects(skopeo(`list-tags ${remote}/team/skopeo`), /denied|unauthorized/)
    await skopeo(`list-tags ${remote}/team/skopeo`, 'carol')
    await assert.rejects(skopeo(`list-tags ${remote}/hidden/skopeo`, 'carol'), /denied|unauthorized/)
    for (const user of [undefined, 'carol', 'bot'] as const)
      await assert.rejects(skopeo(`delete ${remote}/apps/skopeo:1.0.0`, user), /denied|unauthorized/i)
    await readImage(plain.url, 'apps/skopeo', '1.0.0')
    await skopeo(`delete ${remote}/users/carol/skopeo:1.0.0`, 'carol')
    await assert.rejects(readImage(plain.url, 'users/carol/skopeo', '1.0.0'), /404/)
  })

  await t.test('who leaves a group soon has no more of its rights', async () => {
    let version = 2
    const push = async (): ReturnType<typeof docker.push> =>
      await docker.push(`${host}/apps/docker:1.0.${version++}`)
    accepted(await docker.login(host, who('bot')))
    accepted(await push())
    writeFileSync(groupfile, 'ci: somebody\n')
    await soon(async () => refused(await push(), sees['docker']!.noPush))
    writeFileSync(groupfile, 'ci: somebody bot\n')
    await soon(async () => accepted(await push()))
    accepted(await docker.logout(host))
  })

  await t.test('whose password was changed meanwhile is refused at once, whatever token he has', async () => {
    accepted(await docker.login(host, who('carol')))
    accepted(await docker.pull(`${host}/team/docker:1.0.0`))
    await writeByBerth(path, { ...users, carol: 'another one' })
    refused(await docker.pull(`${host}/team/docker:1.0.0`), /unauthorized/)
    await writeByBerth(path)
    accepted(await docker.pull(`${host}/team/docker:1.0.0`))
    accepted(await docker.logout(host))
  })

  await t.test('whoever guesses has to wait, and nobody else', async () => {
    const guess = (word: string): ReturnType<typeof docker.login> =>
      docker.login(host, { user: 'bot', password: word })
    refused(await guess('first'), /unauthorized: incorrect username or password/)
    let number = 0
    await soon(async () =>
      refused(
        await guess(`guess ${number++}`),
        /toomanyrequests: too many failed logins: try again in \d+ s/,
      ),
    )
    accepted(await docker.login(host, who('carol')))
    await soon(async () => accepted(await docker.login(host, who('bot'))))
    accepted(await docker.logout(host))
  })
})
