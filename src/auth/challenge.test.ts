import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateHeaderValue } from 'node:http'
import type { Access, Action } from '../registry/access.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { basicChallenge, bearerChallenge, scopesOf } from './challenge.ts'

const realm = 'https://tokens.example/auth'

function to(action: Action, name: string): Access {
  return { kind: 'repository', repository: parseRepositoryName(name), action }
}

function challengeOf(...accesses: readonly Access[]): string {
  return bearerChallenge({ realm, service: 'registry', scopes: scopesOf(accesses) })
}

function scope(...accesses: readonly Access[]): string | undefined {
  return /,scope="([^"]*)"$/.exec(challengeOf(...accesses))?.[1]
}

function quotedBy(text: string): string {
  return basicChallenge(text).slice('Basic realm='.length)
}

describe('a challenge', () => {
  it('has no scope where none is needed', () => {
    const bare = 'Bearer realm="https://tokens.example/auth",service="registry"'
    assert.equal(challengeOf(), bare)
    assert.equal(challengeOf({ kind: 'base' }), bare)
  })

  it('has the actions of one resource together, in the order of the request', () => {
    assert.equal(scope(to('pull', 'a/b')), 'repository:a/b:pull')
    assert.equal(scope(to('pull', 'a/b'), to('push', 'a/b')), 'repository:a/b:pull,push')
    assert.equal(
      scope(to('pull', 'a'), to('pull', 'b'), to('push', 'a')),
      'repository:a:pull,push repository:b:pull',
    )
    assert.equal(scope(to('delete', 'a')), 'repository:a:delete')
    assert.equal(scope({ kind: 'catalog' }), 'registry:catalog:*')
  })

  it('asks for pull where something is listed, and once', () => {
    assert.deepEqual(scopesOf([to('list', 'a'), to('pull', 'a')]), [
      { type: 'repository', name: 'a', actions: ['pull'] },
    ])
  })

  it('tells what is wrong with the token after the scope', () => {
    const scopes = scopesOf([to('pull', 'a')])
    assert.equal(
      bearerChallenge({ realm, service: 's', scopes, error: 'insufficient_scope' }),
      `Bearer realm="${realm}",service="s",scope="repository:a:pull",error="insufficient_scope"`,
    )
    assert.equal(
      bearerChallenge({ realm, service: 's', scopes: [], error: 'invalid_token' }),
      `Bearer realm="${realm}",service="s",error="invalid_token"`,
    )
  })

  it('asks for a password', () => {
    assert.equal(basicChallenge('basic-realm'), 'Basic realm="basic-realm"')
  })

  it('quotes as Go does, so that nothing gets out of its quotes or its line', () => {
    assert.equal(quotedBy('a "b" \\ c'), '"a \\"b\\" \\\\ c"')
    assert.equal(quotedBy('a\r\nSet-Cookie: b=c'), '"a\\r\\nSet-Cookie: b=c"')
    assert.equal(quotedBy('\0\t\u001b\u007f'), '"\\x00\\t\\x1b\\x7f"')
    assert.equal(quotedBy('\u0085\u2028\ud800\u{e0001}'), '"\\u0085\\u2028\\ud800\\U000e0001"')
  })

  it('is sent in UTF-8', () => {
    const challenge = basicChallenge('Bücher für 世界 🐳')
    validateHeaderValue('WWW-Authenticate', challenge)
    assert.equal(Buffer.from(challenge, 'latin1').toString('utf8'), 'Basic realm="Bücher für 世界 🐳"')
  })
})
