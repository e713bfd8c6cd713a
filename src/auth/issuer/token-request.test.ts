import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { grantedScopes, parseTokenRequest, tokenAnswer } from './token-request.ts'

const parse = (query: string): ReturnType<typeof parseTokenRequest> =>
  parseTokenRequest(new URLSearchParams(query))

const malformed = { name: 'RegistryError', code: 'REQUEST_INVALID' }

describe('a token request', () => {
  it('of docker login asks for nothing', () => {
    assert.deepEqual(parse('account=alice&client_id=docker&offline_token=true&service=berth'), { scopes: [] })
  })

  it('may repeat scope, and hold several in one, in order', () => {
    const query =
      'scope=repository:b:pull,push&scope=repository%3Aa%3Apull+registry:catalog:*&scope=&account=&service='
    assert.deepEqual(parse(query), {
      scopes: [
        { type: 'repository', name: 'b', actions: ['pull', 'push'] },
        { type: 'repository', name: 'a', actions: ['pull'] },
        { type: 'registry', name: 'catalog', actions: ['*'] },
      ],
    })
  })

  it('is refused for what is no scope, which is told back up to a length', () => {
    for (const scope of [
      'repository',
      'repository:a',
      'repository::',
      'Repository:a:pull',
      ':a:pull',
      'a:b:PULL',
    ])
      assert.throws(() => parse(`scope=${scope}`), malformed, scope)
    assert.throws(
      () => parse(`scope=${'x'.repeat(10_000)}`),
      (error: { readonly detail?: unknown }) =>
        error.detail === `no scope: "${'x'.repeat(200)}"; allowed: TYPE:NAME:ACTION,ACTION`,
    )
  })

  it('is refused for more than a hundred scopes, however they are written', () => {
    const scopes = Array.from({ length: 101 }, (_, index) => `repository:r${index}:pull`)
    assert.equal(parse(`scope=${scopes.slice(1).join('+')}`).scopes.length, 100)
    assert.throws(() => parse(`scope=${scopes.join('+')}`), malformed)
    assert.throws(() => parse(scopes.map((scope) => `scope=${scope}`).join('&')), malformed)
  })
})

const granted = (query: string, ...rights: readonly string[]): readonly string[] =>
  grantedScopes(parse(query).scopes, (type, name, action) =>
    rights.includes(`${type}:${name}:${action}`),
  ).map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)

describe('what is granted', () => {
  it('is what was asked for and is allowed', () => {
    assert.deepEqual(
      granted(
        'scope=repository:b:push,pull+repository:a:pull,push+repository:c:pull',
        'repository:b:pull',
        'repository:b:push',
        'repository:a:pull',
      ),
      ['repository:b:push,pull', 'repository:a:pull'],
    )
  })

  it('is one scope for each resource', () => {
    assert.deepEqual(
      granted(
        'scope=repository:a:pull&scope=repository:b:pull&scope=repository:a:push,pull,pull',
        'repository:a:pull',
        'repository:a:push',
        'repository:b:pull',
      ),
      ['repository:a:pull,push', 'repository:b:pull'],
    )
  })

  it('is of * the actions that are allowed, and never *', () => {
    assert.deepEqual(
      granted('scope=repository:a:*', 'repository:a:pull', 'repository:a:delete', 'repository:a:*'),
      ['repository:a:pull,delete'],
    )
    assert.deepEqual(
      grantedScopes(parse('scope=repository:a:*').scopes, () => true),
      [{ type: 'repository', name: 'a', actions: ['pull', 'push', 'delete'] }],
    )
  })

  it('is the catalog where it is allowed', () => {
    assert.deepEqual(granted('scope=registry:catalog:*', 'registry:catalog:*'), ['registry:catalog:*'])
    assert.deepEqual(granted('scope=registry:catalog:*'), [])
    const made = parse('scope=registry:catalog:*,foo+registry:catalog:bar+registry:other:pull').scopes
    assert.deepEqual(
      grantedScopes(made, () => true),
      [{ type: 'registry', name: 'catalog', actions: ['*'] }],
    )
  })

  it('is nothing of other types, and no action that nobody knows, whatever is allowed', () => {
    const scopes = parse('scope=repository:a:list,admin,+plugin:a:pull+repository(plugin):b:pull').scopes
    assert.deepEqual(
      grantedScopes(scopes, () => true),
      [{ type: 'repository', name: 'b', actions: ['pull'] }],
    )
  })

  it('asks once for an action that is repeated ten thousand times', () => {
    let asked = 0
    const scopes = [{ type: 'registry', name: 'catalog', actions: Array.from({ length: 10_000 }, () => '*') }]
    grantedScopes(scopes, () => ++asked > 0)
    assert.equal(asked, 1)
  })
})

it('a token is answered under both of its names', () => {
  assert.deepEqual(tokenAnswer({ token: 't', expiresIn: 300, issuedAt: '2026-01-02T03:04:05Z' }), {
    token: 't',
    access_token: 't',
    expires_in: 300,
    issued_at: '2026-01-02T03:04:05Z',
  })
})
