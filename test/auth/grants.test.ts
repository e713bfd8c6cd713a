import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { outcome } from '../http/in-process.ts'
import type { HttpResponse } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { users } from './decisions/callers.ts'
import { grantedActions, mayAskForCatalog, realm, service } from './decisions/evaluator.ts'
import { allPolicies, hasTokens, type Policy } from './decisions/policies.ts'
import { createWorld, writeFiles, type Files } from './decisions/world.ts'
import { basic } from './htpasswd-file.ts'
import { readToken, type GrantedAccess } from './signed-token.ts'

/** What each user gets who asks for tokens, against the evaluator of the decisions. */

type Asked = readonly ('pull' | 'push' | 'delete')[]

/** Queries, and the repositories and actions that they stand for, in the order of the answer. */
const queries: readonly (readonly [query: string, stands: readonly (readonly [string, Asked])[]])[] = [
  ['', []],
  ['account=alice&client_id=docker&offline_token=true', []],
  ['scope=repository:room/there:pull', [['room/there', ['pull']]]],
  ['scope=repository:room/there:pull,push', [['room/there', ['pull', 'push']]]],
  ['scope=repository:room/there:push,pull', [['room/there', ['push', 'pull']]]],
  ['scope=repository:room/there:*', [['room/there', ['pull', 'push', 'delete']]]],
  ['scope=repository:room/absent:delete', [['room/absent', ['delete']]]],
  ['scope=repository:attic/there:pull,push', [['attic/there', ['pull', 'push']]]],
  [
    'scope=repository:room/there:pull,push&scope=repository:shelf/there:pull',
    [
      ['room/there', ['pull', 'push']],
      ['shelf/there', ['pull']],
    ],
  ],
  [
    'scope=repository:shelf/there:pull%20repository:room/there:delete%20repository:shelf/there:push',
    [
      ['shelf/there', ['pull', 'push']],
      ['room/there', ['delete']],
    ],
  ],
  ['scope=repository:room/there:own,list,pull', [['room/there', ['pull']]]],
  ['scope=repository(plugin):room/there:pull', [['room/there', ['pull']]]],
  ['scope=repository:ROOM/there:pull&scope=other:room/there:pull&scope=registry:users:*', []],
]

void test('a token says what its user asked for, as far as the rules go', async (t) => {
  const files = await writeFiles(temporaryFolder(t).path)
  for (const policy of allPolicies()) await t.test(policy.name, (part) => checkPolicy(part, policy, files))
})

async function checkPolicy(t: TestContext, policy: Policy, files: Files): Promise<void> {
  const { server } = await createWorld(t, policy, files)
  const ask = async (query: string, user: string | undefined): Promise<HttpResponse> => {
    const headers = user === undefined ? {} : { Authorization: basic(user, users[user] ?? 'no password') }
    return await server.call('GET', `/auth/token?service=${service}&${query}`, { headers })
  }
  if (!hasTokens(policy)) {
    assert.equal((await ask('', 'alice')).status, 404)
    return
  }
  for (const user of [undefined, ...Object.keys(users)]) {
    for (const [query, stands] of queries) {
      const answer = await ask(query, user)
      assert.equal(outcome(answer), '200', `${query} by ${user}`)
      const granted = stands
        .map(([name, asked]) => ({
          type: 'repository',
          name,
          actions: grantedActions(policy, user, name, asked),
        }))
        .filter(({ actions }) => actions.length > 0)
      checkToken(answer, user, granted)
    }
    const catalog = await ask('scope=registry:catalog:*', user)
    const isGranted = mayAskForCatalog(policy, user)
    checkToken(catalog, user, isGranted ? [{ type: 'registry', name: 'catalog', actions: ['*'] }] : [])
  }
  const refused = await ask('scope=repository:room/there:pull', 'mallory')
  assert.equal(outcome(refused), '401 UNAUTHORIZED')
  assert.equal(refused.headers['www-authenticate'], `Basic realm="${realm}"`)
}

/** Docker's "Token Authentication Specification", "Requesting a token". */
function checkToken(answer: HttpResponse, user: string | undefined, access: readonly GrantedAccess[]): void {
  const body = answer.json() as Readonly<Record<string, unknown>>
  const { token = '', access_token: same, expires_in: expiresIn, issued_at: issuedAt } = body
  assert.equal(token, same)
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.match(String(issuedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(body['refresh_token'], undefined)
  const { header, claims } = readToken(String(token))
  assert.equal(header['alg'], 'ES256')
  assert.deepEqual(claims['access'], access)
  assert.equal(claims['sub'], user)
  assert.equal(claims['aud'], service)
  assert.ok(Number(expiresIn) >= 60)
  assert.equal(Number(claims['exp']) - Number(claims['iat']), expiresIn)
}
