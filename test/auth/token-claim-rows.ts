import { toX5c, type Issued } from './token-certificates.ts'
import { signToken } from './token-keys.ts'
import { issuer, service } from './token-rig.ts'
import { good, type Row } from './token-row.ts'

/** What a token can claim. */
export function claimRows({ keys, ...signer }: Issued): readonly Row[] {
  const now = Math.floor(Date.now() / 1000)
  const variations: Readonly<Record<string, readonly unknown[]>> = {
    iss: [undefined, null, '', 'another', issuer.toUpperCase(), [issuer], 1],
    aud: [
      undefined,
      null,
      '',
      'another',
      [],
      ['another'],
      [service],
      ['another', service],
      [service, 1],
      1,
      {},
    ],
    exp: [undefined, null, 0, now - 10, now - 70, now + 0.5, String(now + 60), -1, 1e15, true, [now + 60]],
    nbf: [undefined, null, 0, now + 50, now + 200, 0.5, String(now), -1, false],
    iat: [undefined, null, now + 1000, now + 0.5, 'now'],
    jti: [undefined, null, '', 1],
    sub: [undefined, null, '', 1, 'alice:bob', 'a\u0000b'],
    access: [undefined, null, [], {}, 'repository:a:pull', ['repository:a:pull'], [{}], [{ more: 1 }]],
    more: [1, null, { exp: 0 }],
  }
  const header = { alg: 'ES256', x5c: toX5c({ keys, ...signer }) }
  const rows = Object.entries(variations).flatMap(([claim, values]) =>
    values.map((value) => ({
      name: `claim: ${claim} ${JSON.stringify(value) ?? 'absent'}`.replaceAll(String(now), 'NOW'),
      token: signToken(keys.privateKey, header, good({ [claim]: value })),
    })),
  )
  const text = JSON.stringify(good())
  const texts: Readonly<Record<string, string>> = {
    'a claim twice': `${text.slice(0, -1)},"sub":"bob"}`,
    'a claim in capitals': text.replace('"iss"', '"ISS"'),
    'an integer with a fraction': text.replace(/"exp":(\d+)/, '"exp":$1.0'),
    'an integer with an exponent': text.replace(/"exp":(\d+)/, '"exp":$1e0'),
    null: 'null',
    'a list': `[${text}]`,
    'two values': `${text}${text}`,
    'broken off': text.slice(0, -1),
    'spaces around': ` ${text}\n`,
  }
  const others = Object.entries(texts).map(([name, claims]) => ({
    name: `claims: ${name}`,
    token: signToken(keys.privateKey, header, claims),
  }))
  return [...rows, ...others]
}

/** What a token can allow. */
export function scopeRows({ keys, ...signer }: Issued): readonly Row[] {
  const repository = 'library/app'
  const lists: Readonly<Record<string, readonly unknown[]>> = {
    pull: [{ type: 'repository', name: repository, actions: ['pull'] }],
    'every action': [{ type: 'repository', name: repository, actions: ['*'] }],
    'push alone': [{ type: 'repository', name: repository, actions: ['push'] }],
    'of a class': [{ type: 'repository', class: 'plugin', name: repository, actions: ['pull'] }],
    'of a class in the type': [{ type: 'repository(plugin)', name: repository, actions: ['pull'] }],
    'two entries': [
      { type: 'repository', name: repository, actions: ['push'] },
      { type: 'repository', name: repository, actions: ['pull'] },
    ],
    'another repository': [{ type: 'repository', name: 'library', actions: ['pull'] }],
    'another type': [{ type: 'registry', name: repository, actions: ['pull'] }],
    'no type': [{ name: repository, actions: ['pull'] }],
    'a pattern': [{ type: 'repository', name: 'library/*', actions: ['pull'] }],
    'a scope for a name': [{ type: 'repository', name: `repository:${repository}:pull`, actions: ['pull'] }],
    'a scope for a type': [{ type: `repository:${repository}`, name: '', actions: ['pull'] }],
    'actions in one': [{ type: 'repository', name: repository, actions: ['pull,push'] }],
    'actions in capitals': [{ type: 'repository', name: repository, actions: ['PULL'] }],
    'no actions': [{ type: 'repository', name: repository, actions: null }],
    'actions as text': [{ type: 'repository', name: repository, actions: 'pull' }],
    'one that is null': [{ type: 'repository', name: repository, actions: ['pull'] }, null],
    'a class that is no text': [{ type: 'repository', name: repository, class: 1, actions: ['pull'] }],
    nothing: [],
  }
  const header = { alg: 'ES256', x5c: toX5c({ keys, ...signer }) }
  return Object.entries(lists).map(([name, access]) => ({
    name: `scope: ${name}`,
    token: signToken(keys.privateKey, header, good({ access })),
    repository,
  }))
}
