import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { basic, htpasswdFile } from '../auth/htpasswd-file.ts'
import { claimsOf, readPrivateKey, signToken, x5cOf } from '../auth/signed-token.ts'
import type { Places } from './corpus-case.ts'

/**
 * How a case is asked, whose registry asks who that is:
 *
 * - `anything`: with some `Authorization` header;
 * - `password`: with a password of the file `passwords` in the case's folder, which is made here;
 * - `token`: with a token by the key of `domain.crt`, which is also the one in the case's `jwks.json`.
 */
export type Login = 'anything' | 'password' | 'token'

export const logins: readonly Login[] = ['anything', 'password', 'token']

const user = 'docker'
const password = 'correct horse'
const keyId = 'corpus'

/** Makes the files that a login needs, and gives the header. Before the registry starts. */
export async function prepareLogin(login: Login, config: string, places: Places): Promise<string> {
  switch (login) {
    case 'anything':
      return 'anything'
    case 'password':
      writeFileSync(join(places.FOLDER, 'passwords'), await htpasswdFile({ [user]: password }))
      return basic(user, password)
    default: {
      writeKeySet(places)
      return `Bearer ${tokenFor(config, places)}`
    }
  }
}

function writeKeySet({ CERTS, FOLDER }: Places): void {
  const key = createPublicKey(readPrivateKey(join(CERTS, 'domain.key'))).export({ format: 'jwk' })
  const keys = [{ ...key, kid: keyId, use: 'sig', alg: 'ES256' }]
  writeFileSync(join(FOLDER, 'jwks.json'), JSON.stringify({ keys }))
}

interface TokenConfig {
  readonly service: string
  readonly issuer: string
  readonly jwks?: string
}

/** For everything that is asked. */
function tokenFor(config: string, { CERTS }: Places): string {
  const { token } = (parse(config) as { auth: { token: TokenConfig } }).auth
  const actions = ['pull', 'push', 'delete']
  const repositories = ['library/app', 'seeded/app', 'nobody']
  const [leaf] = x5cOf(readFileSync(join(CERTS, 'domain.crt'), 'utf8'))
  const header = {
    typ: 'JWT',
    alg: 'ES256',
    ...(token.jwks === undefined ? { x5c: [leaf] } : { kid: keyId }),
  }
  const claims = claimsOf({
    issuer: token.issuer,
    audience: token.service,
    access: [
      ...repositories.map((name) => ({ type: 'repository', name, actions })),
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ],
  })
  return signToken({ header, claims }, readPrivateKey(join(CERTS, 'domain.key')))
}
