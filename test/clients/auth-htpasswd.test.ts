import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { accepted, refused } from '../support/auth-client.ts'
import { startGuarded, startSetting, writeUsers } from '../support/auth-setting.ts'
import { readImage } from '../support/registry-content.ts'
import { run, words } from '../support/run.ts'

/** What a client's user reads who did not log in; whose login is wrong; and who did, before the password was changed. */
const sees: Readonly<
  Record<string, { readonly nobody: RegExp; readonly wrong: RegExp; readonly former: RegExp }>
> = {
  docker: {
    nobody: /no basic auth credentials/,
    wrong: /login attempt to \S+ failed with status: 401 Unauthorized/,
    former: /unauthorized: authentication required/,
  },
  containerd: { nobody: /401 Unauthorized/, wrong: /401 Unauthorized/, former: /401 Unauthorized/ },
  podman: {
    nobody: /unauthorized: authentication required/,
    wrong: /logging into "\S+": invalid username\/password/,
    former: /unauthorized: authentication required/,
  },
  buildah: {
    nobody: /unauthorized: authentication required/,
    wrong: /logging into "\S+": invalid username\/password/,
    former: /unauthorized: authentication required/,
  },
  skopeo: {
    nobody: /unauthorized: authentication required/,
    wrong: /logging into \S+: invalid username\/password/,
    former: /unauthorized: authentication required/,
  },
  helm: {
    nobody: /basic credential not found/,
    wrong: /response status code 401: unauthorized: authentication required/,
    former: /response status code 401/,
  },
}

const passwords: Readonly<Record<string, string>> = {
  colons: 'a:b::c:',
  // None at the ends: Docker's command cuts them off.
  spaces: 'three  words with spaces',
  unicode: 'Grüße, 日本 🔑',
  quotes: `"'$HOME\`\\%41`,
  // As many bytes as bcrypt looks at.
  longest: 'é'.repeat(36),
}

void test('clients with htpasswd', async (t) => {
  const setting = await startSetting(t)
  if (setting === undefined) return
  const { clients, docker, folder, layout } = setting
  const path = join(folder, 'htpasswd')
  // Each client has a user of its own: what one does wrong is not counted against another.
  const users = Object.fromEntries(clients.map(({ name }) => [name, `right for ${name}`]))
  writeUsers(path, { ...users, ...passwords })
  const config = {
    auth: { htpasswd: { realm: 'Registry Realm', path } },
    storage: { delete: { enabled: true } },
  }
  const registry = await startGuarded({ config }, t)

  for (const client of clients) {
    await t.test(client.name, async (part) => {
      const user = client.name
      const repository = `team/${user}`
      const name = `${registry.host}/${repository}:1.0.0`
      const { nobody, wrong, former } = sees[user]!

      await part.test('without a login neither pushes nor pulls', async () => {
        refused(await client.push(name), nobody)
        refused(await client.pull(name), nobody)
      })

      await part.test('with a wrong password, or an unknown name, does not log in', async () => {
        for (const who of [
          { user, password: 'wrong' },
          { user: `no-${user}`, password: users[user]! },
        ]) {
          const login = await client.login(registry.host, who)
          // What has no command to log in hears it when it pushes.
          if (login.ok) refused(await client.push(name), wrong)
          else refused(login, wrong)
          await client.logout(registry.host)
        }
        await assert.rejects(readImage(registry.plain.url, repository, '1.0.0'), /404/)
      })

      await part.test('logged in, pushes and pulls', async () => {
        accepted(await client.login(registry.host, { user, password: users[user]! }))
        accepted(await client.push(name))
        await readImage(registry.plain.url, repository, '1.0.0')
        accepted(await client.pull(name))
      })

      await part.test('whose password was changed meanwhile is refused at once', async () => {
        const changed = `${users[user]} now`
        writeUsers(path, { ...users, ...passwords, [user]: changed })
        refused(await client.pull(name), former)
        refused(await client.push(name), former)
        accepted(await client.login(registry.host, { user, password: changed }))
        accepted(await client.pull(name))
      })

      await part.test('whose user was removed meanwhile is refused at once', async () => {
        writeUsers(path, { ...users, ...passwords, [user]: `${users[user]} now` })
        accepted(await client.pull(name))
        const { [user]: removed, ...others } = { ...users, ...passwords }
        assert.ok(removed !== undefined)
        writeUsers(path, others)
        refused(await client.pull(name), former)
        writeUsers(path, { ...users, ...passwords })
        accepted(await client.login(registry.host, { user, password: users[user]! }))
      })

      await part.test('logged out, is nobody again', async () => {
        accepted(await client.pull(name))
        accepted(await client.logout(registry.host))
        refused(await client.pull(name), nobody)
        refused(await client.push(name), nobody)
      })
    })
  }

  await t.test('passwords of all kinds', async (part) => {
    for (const [user, password] of Object.entries(passwords)) {
      await part.test(user, async () => {
        for (const client of clients) {
          const name = `${registry.host}/${user}/${client.name}:1.0.0`
          accepted(await client.login(registry.host, { user, password }))
          accepted(await client.push(name))
          await readImage(registry.plain.url, `${user}/${client.name}`, '1.0.0')
          accepted(await client.logout(registry.host))
        }
      })
    }
  })

  await t.test("skopeo's other commands, with --creds", async () => {
    const authfile = join(folder, 'no-logins.json')
    writeFileSync(authfile, '{}')
    const skopeo = async (line: string, creds: string): Promise<string> => {
      const { stdout } = await run('skopeo', [...words(`${line} --authfile ${authfile} --creds`), creds])
      return stdout
    }
    const creds = `skopeo:${users['skopeo']}`
    const remote = `docker://${registry.host}/other/image`
    const copy = `copy --dest-tls-verify=false oci:${layout.folder}:image`
    const copyWith = async (tag: string): Promise<unknown> =>
      await run('skopeo', [...words(`${copy} --dest-creds`), creds, `${remote}:${tag}`])
    await copyWith('a')
    await copyWith('b')
    const list = JSON.parse(await skopeo(`list-tags --tls-verify=false ${remote}`, creds)) as Tags
    assert.deepEqual(list.Tags.toSorted(), ['a', 'b'])
    assert.match(await skopeo(`inspect --tls-verify=false ${remote}:a`, creds), /"seed": "who may"/)
    for (const command of ['list-tags', 'inspect', 'delete'])
      await assert.rejects(
        skopeo(
          `${command} --tls-verify=false ${remote}${command === 'list-tags' ? '' : ':a'}`,
          'skopeo:wrong',
        ),
        /authentication required/,
        command,
      )
    await readImage(registry.plain.url, 'other/image', 'a')
    await skopeo(`delete --tls-verify=false ${remote}:a`, creds)
    await assert.rejects(readImage(registry.plain.url, 'other/image', 'a'), /404/)
  })

  await t.test('while the file of users is away', async () => {
    const name = `${registry.host}/team/docker:1.0.0`
    accepted(await docker.login(registry.host, { user: 'docker', password: users['docker']! }))
    accepted(await docker.pull(name))
    rmSync(path)
    // Distribution lets nobody in; Berth goes on with what it knows.
    assert.equal((await docker.pull(name)).ok, registry.kind === 'berth')
    refused(await docker.login(registry.host, { user: 'docker', password: 'wrong' }), /40[01] /)
    writeUsers(path, users)
    accepted(await docker.pull(name))
  })
})

interface Tags {
  readonly Tags: readonly string[]
}
