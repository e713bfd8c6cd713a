import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { makeKeyPair } from '../../support/key-pair.ts'
import type { TestServer } from '../../http/in-process.ts'
import { basic } from '../htpasswd-file.ts'
import { claimsOf, readToken, signToken, type GrantedAccess, type TokenParts } from '../signed-token.ts'
import { teams, users, type Brings } from './callers.ts'
import { existing, grantedActions, issuer, mayAskForCatalog, service } from './evaluator.ts'
import { root, type Policy } from './policies.ts'

/** Of the key in a key set. */
export const keyId = 'decisions'

/** Makes the tokens that callers bring. */
export class Tokens {
  readonly #policy: Policy
  readonly #key: KeyObject
  readonly #samples: ReadonlyMap<string | undefined, TokenParts>

  private constructor(policy: Policy, key: KeyObject, samples: ReadonlyMap<string | undefined, TokenParts>) {
    this.#policy = policy
    this.#key = key
    this.#samples = samples
  }

  /** Those that the registry gives, with other claims. */
  static async ofRegistry(server: TestServer, policy: Policy, key: KeyObject): Promise<Tokens> {
    const samples = new Map<string | undefined, TokenParts>()
    for (const user of [undefined, ...Object.keys(users)]) {
      const headers = user === undefined ? {} : { Authorization: basic(user, users[user] ?? '') }
      const answer = await server.call('GET', `/auth/token?service=${service}`, { headers })
      assert.equal(answer.status, 200, answer.body.toString())
      samples.set(user, readToken((answer.json() as { token: string }).token))
    }
    return new Tokens(policy, key, samples)
  }

  /** Those of a server that knows nothing of the rules. */
  static ofSomebodyElse(policy: Policy, key: KeyObject): Tokens {
    const header = { typ: 'JWT', alg: 'ES256', kid: keyId }
    const sampleOf = (user = ''): TokenParts => {
      const claims = claimsOf({ issuer, audience: service, subject: user })
      return { header, claims: { ...claims, team: teams[user] ?? [] } }
    }
    const all = [undefined, ...Object.keys(users), root.name]
    return new Tokens(policy, key, new Map(all.map((user) => [user, sampleOf(user)])))
  }

  make(brings: Extract<Brings, { kind: 'token' | 'bad token' }>, repository: string): string {
    if (brings.kind === 'token')
      return this.#sign(brings.user, { access: this.#accessOf(brings, repository) })
    const access = everything(repository)
    const now = Math.floor(Date.now() / 1000)
    switch (brings.how) {
      case 'expired':
        return this.#sign('alice', { access, iat: now - 600, nbf: now - 600, exp: now - 300 })
      case 'too early':
        return this.#sign('alice', { access, iat: now + 300, nbf: now + 300, exp: now + 600 })
      case 'of another key':
        return this.#sign('alice', { access }, newKey())
      case 'for another service':
        return this.#sign('alice', { access, iss: 'elsewhere', aud: 'elsewhere' })
      default:
        // Of a user who is gone.
        return this.#sign('alice', { access, sub: 'gone' })
    }
  }

  #accessOf({ user, scope }: Extract<Brings, { kind: 'token' }>, repository: string): GrantedAccess[] {
    switch (scope) {
      case 'everything':
        return everything(repository)
      case 'granted': {
        const catalog = mayAskForCatalog(this.#policy, user) ? [wholeCatalog] : []
        return [...this.#granted(user, repository, ['pull', 'push', 'delete']), ...catalog]
      }
      case 'pull':
        return this.#policy.access === 'tokens'
          ? askedAbout(repository).map((name) => ({ type: 'repository', name, actions: ['pull'] }))
          : this.#granted(user, repository, ['pull'])
      case 'elsewhere':
        return [{ type: 'repository', name: 'other/there', actions: ['pull', 'push', 'delete'] }]
      default:
        return []
    }
  }

  #granted(
    user: string | undefined,
    repository: string,
    asked: readonly ('pull' | 'push' | 'delete')[],
  ): GrantedAccess[] {
    return askedAbout(repository)
      .map((name) => ({
        type: 'repository',
        name,
        actions: grantedActions(this.#policy, user, name, asked),
      }))
      .filter(({ actions }) => actions.length > 0)
  }

  #sign(user: string | undefined, claims: object, key = this.#key): string {
    const sample = this.#samples.get(user)
    assert.ok(sample)
    return signToken({ header: sample.header, claims: { ...sample.claims, ...claims } }, key)
  }
}

const wholeCatalog: GrantedAccess = { type: 'registry', name: 'catalog', actions: ['*'] }

function everything(repository: string): GrantedAccess[] {
  const actions = ['pull', 'push', 'delete']
  return [...askedAbout(repository).map((name) => ({ type: 'repository', name, actions })), wholeCatalog]
}

/** The repository, and those that mounts are from. */
function askedAbout(repository: string): readonly string[] {
  return [...new Set([repository, ...existing, 'shelf/empty'])]
}

export function newKey(): KeyObject {
  return makeKeyPair('P-256').privateKey
}
