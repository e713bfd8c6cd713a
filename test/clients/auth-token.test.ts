import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { accepted, refused, type Client } from '../support/auth-client.ts'
import { soon, startGuarded, startSetting } from '../support/auth-setting.ts'
import type { Flaw } from '../support/auth-token-signer.ts'
import { startTokenServer, type TokenServer } from '../support/auth-token-server.ts'
import { readImage } from '../support/registry-content.ts'

/** What a client's user reads. */
interface Sees {
  /** To a login, or where there is none to a push. */
  readonly wrong: RegExp
  /** A token that the registry does not accept. */
  readonly invalid: RegExp
  readonly noPush: RegExp
  readonly noPull: RegExp
  /** Whether it asks to mount what it knows to be in another repository. */
  readonly mounts: boolean
}

const containersTool: Sees = {
  wrong: /logging into \S+: invalid username\/password/,
  invalid: /unauthorized: authentication required/,
  noPush: /denied: requested access to the resource is denied/,
  noPull: /denied: requested access to the resource is denied/,
  mounts: true,
}

const sees: Readonly<Record<string, Sees>> = {
  docker: {
    wrong: /unauthorized: incorrect username or password/,
    invalid: /unauthorized: authentication required/,
    noPush: /denied: requested access to the resource is denied/,
    noPull: /pull access denied for \S+, repository does not exist or may require 'docker login'/,
    mounts: true,
  },
  containerd: {
    wrong: /failed to fetch (oauth|anonymous) token: .*401 Unauthorized/,
    invalid: /invalid_token: authorization failed|closed pipe/,
    // Now and then its writer of the manifest falls over the end of the request before it looks at the answer.
    noPush: /insufficient_scope: authorization failed|closed pipe/,
    noPull: /pull access denied, repository does not exist or may require authorization/,
    mounts: true,
  },
  podman: containersTool,
  skopeo: containersTool,
  helm: {
    wrong: /authenticating to "\S+": .*\/token\?service=registry": response status code 401/,
    invalid: /response status code 401/,
    noPush: /response status code 401/,
    noPull: /response status code 401: unauthorized: authentication required/,
    mounts: false,
  },
}

const flaws: readonly Flaw[] = ['expired', 'not yet valid', 'wrong audience', 'wrong issuer', 'unknown key']

const users = { alice: 'all of it', bob: 'may pull team' }

function rights(user: string | undefined, type: string, name: string): readonly string[] {
  if (type !== 'repository') return []
  if (user === 'alice') return ['pull', 'push', 'delete']
  if (name.startsWith('open/')) return ['pull']
  return user === 'bob' && name.startsWith('team/') ? ['pull'] : []
}

/** Distribution 2 reads no key set. */
const byId = process.env['BERTH_TEST_REGISTRY'] === 'distribution2' ? 'x5c' : 'kid'

void test('clients with a token server', async (t) => {
  const setting = await startSetting(t)
  if (setting === undefined) return
  const common = { issuer: 'an issuer', service: 'registry', users, rights }

  await t.test('that answers GET alone, and sends its certificate in the token', async (part) => {
    const tokens = await startTokenServer({ ...common, key: 'x5c' }, part)
    // buildah asks as podman does.
    await tryClients(
      part,
      setting.clients.filter(({ name }) => name !== 'buildah'),
      tokens,
    )
    assert.deepEqual(new Set(tokens.requests.map(({ method }) => method)), new Set(['GET']))
  })

  await t.test('that speaks OAuth2, gives refresh tokens and names its key', async (part) => {
    const tokens = await startTokenServer({ ...common, key: byId, oauth2: true }, part)
    // And both as skopeo does, by GET.
    const clients = setting.clients.filter(({ name }) => name !== 'podman' && name !== 'buildah')
    await tryClients(part, clients, tokens)
    const forms = new Set(
      tokens.requests.map(({ clientId, grantType }) => (grantType ? `${clientId}: ${grantType}` : 'GET')),
    )
    // Docker logs in by GET, and keeps the refresh token instead of the password.
    assert.deepEqual(
      forms,
      new Set(['GET', 'docker: refresh_token', 'containerd-client: password', 'oras-go: password']),
    )
  })
})

async function tryClients(t: TestContext, clients: readonly Client[], tokens: TokenServer): Promise<void> {
  const registry = await startGuarded({ config: { auth: { token: tokens.settings } } }, t)
  const { host, plain } = registry
  for (const client of clients) {
    await t.test(client.name, async (part) => {
      const own = client.name
      const { wrong, invalid, noPush, noPull, mounts } = sees[own]!
      const image = (place: string, version = '1.0.0'): string => `${host}/${place}/${own}:${version}`
      const [team, open, hidden] = [image('team'), image('open'), image('hidden')]
      const isAbsent = async (place: string, version: string): Promise<void> => {
        await assert.rejects(readImage(plain.url, `${place}/${own}`, version), /404/)
      }
      const login = async (user: keyof typeof users): Promise<void> => {
        accepted(await client.login(host, { user, password: users[user] }))
      }

      await part.test('without a login does not push', async () => {
        refused(await client.push(team), noPush)
        await isAbsent('team', '1.0.0')
      })

      await part.test('with a wrong password, or an unknown name, does not log in', async () => {
        for (const user of ['alice', 'carol']) {
          const said = await client.login(host, { user, password: 'wrong' })
          // What has no command to log in hears it when it pushes.
          refused(said.ok ? await client.push(team) : said, wrong)
          await client.logout(host)
        }
      })

      await part.test('with all rights pushes and pulls', async () => {
        await login('alice')
        const before = tokens.requests.length
        accepted(await client.push(team))
        await readImage(plain.url, `team/${own}`, '1.0.0')
        accepted(await client.pull(team))
        const asked = tokens.requests.slice(before)
        assert.ok(asked.every(({ user, service }) => user === 'alice' && service === 'registry'))
        const scopes = asked.flatMap((request) => request.scopes).map((scope) => scope.split(':'))
        assert.ok(scopes.some(([, name, actions]) => name === `team/${own}` && actions === 'pull'))
        assert.ok(scopes.some(([, name, actions]) => name === `team/${own}` && actions?.includes('push')))
      })

      await part.test('pushes to other repositories, by a mount where it asks for one', async () => {
        accepted(await client.push(team))
        const before = tokens.requests.length
        for (const place of ['open', 'hidden']) {
          accepted(await client.push(image(place)))
          await readImage(plain.url, `${place}/${own}`, '1.0.0')
        }
        const scopes = tokens.requests.slice(before).flatMap((request) => request.scopes)
        assert.equal(scopes.includes(`repository:team/${own}:pull`), mounts)
        const mounted = new RegExp(`"POST /v2/open/${own}/blobs/uploads/\\?\\S*mount=\\S* HTTP/1.1" 201 `)
        if (mounts) await soon(() => assert.match(registry.output(), mounted))
      })

      await part.test('with a token that is not good neither pulls nor pushes', async () => {
        for (const flaw of flaws) {
          tokens.flaw = flaw
          refused(await client.pull(team), invalid)
        }
        refused(await client.push(image('team', '1.0.1')), invalid)
        tokens.flaw = undefined
        accepted(await client.pull(team))
        accepted(await client.logout(host))
      })

      await part.test('with the right to pull alone does not push, and sees nothing else', async () => {
        await login('bob')
        accepted(await client.pull(team))
        // Another tag: containerd does not push what is there already, and says that it did.
        refused(await client.push(image('team', '1.0.1')), noPush)
        await isAbsent('team', '1.0.1')
        refused(await client.pull(hidden), noPull)
        accepted(await client.logout(host))
      })

      await part.test('logged out, pulls what is open to all and nothing else', async () => {
        accepted(await client.pull(open))
        refused(await client.push(image('open', '1.0.1')), noPush)
        await isAbsent('open', '1.0.1')
        refused(await client.pull(team), noPull)
      })
    })
  }
}
