import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeKeyPair } from '../../../test/support/key-pair.ts'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import type { Log } from '../../registry/context.ts'
import { createIssuer, type Issuer, type IssuerOptions } from './issuer.ts'
import { deriveKey } from './signing-key.ts'

const secret = 'a secret that replicas share'
const kid = 'TnlBgLhxd3QFJsrkbes2XfUlBG391xDVjfawOg1Guys'
const start = Date.UTC(2026, 0, 2, 3, 4, 5)

type Claims = Readonly<Record<string, unknown>>

interface Clock {
  now: number
}

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const add = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, log: { debug: add, info: add, warn: add, error: add } }
}

async function issuer(clock: Clock, options: Partial<IssuerOptions> = {}): Promise<Issuer> {
  const { log } = recordingLog()
  return await createIssuer({
    secret,
    processSecret: 'of the process',
    service: 'berth',
    expires: 300_000,
    log,
    now: () => clock.now,
    ...options,
  })
}

const pull = [{ type: 'repository', name: 'library/debian', actions: ['pull'] }]
const invalid = { name: 'Unauthorized', code: 'UNAUTHORIZED', reason: 'invalid_token' }

const good: Claims = {
  iss: 'berth',
  aud: 'berth',
  sub: 'alice',
  exp: start / 1000 + 300,
  nbf: start / 1000,
  access: pull,
}

async function signed(
  claims: Claims,
  header: object = {},
  key: Parameters<SignJWT['sign']>[0] = deriveKey(secret).privateKey,
): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid, ...header })
    .sign(key, { crit: { x: true } })
}

describe('an issued token', () => {
  it('is a token as Distribution has it', async () => {
    const own = await issuer({ now: start + 999 })
    const { token, expiresIn, issuedAt } = await own.issue({ name: 'alice', stamp: 'file 7', scopes: pull })
    assert.deepEqual([expiresIn, issuedAt], [300, '2026-01-02T03:04:05Z'])
    assert.deepEqual(decodeProtectedHeader(token), { typ: 'JWT', alg: 'ES256', kid })
    const { jti, ...claims } = decodeJwt(token)
    assert.equal(jti?.length, 22)
    assert.deepEqual(claims, {
      iss: 'berth',
      aud: 'berth',
      sub: 'alice',
      exp: start / 1000 + 300,
      nbf: start / 1000,
      iat: start / 1000,
      access: pull,
      stamp: 'file 7',
    })
    const another = decodeJwt((await own.issue({ name: 'alice', scopes: pull })).token)
    assert.notEqual(another.jti, jti)
  })

  it('comes back as what it was issued for', async () => {
    const own = await issuer({ now: start })
    const { token } = await own.issue({ name: 'alice', stamp: 'file 7', scopes: pull })
    const { name, stamp, scopes } = await own.verify(token)
    assert.deepEqual([name, stamp], ['alice', 'file 7'])
    assert.ok(scopes.allow('repository', 'library/debian', 'pull'))
    assert.ok(!scopes.allow('repository', 'library/debian', 'push'))
    assert.ok(!scopes.allow('repository', 'library', 'pull'))
  })

  it('of somebody unknown has no name, and may say nothing', async () => {
    const own = await issuer({ now: start })
    const { token } = await own.issue({ scopes: [] })
    assert.ok(!('sub' in decodeJwt(token)))
    const { name, stamp, scopes } = await own.verify(token)
    assert.deepEqual([name, stamp], [undefined, undefined])
    assert.ok(!scopes.allow('repository', 'library/debian', 'pull'))
  })

  it('is good for a minute at least, and in whole seconds', async () => {
    for (const [expires, seconds] of [
      [0, 60],
      [59_999, 60],
      [61_900, 61],
    ] as const) {
      // eslint-disable-next-line no-await-in-loop
      const { token, expiresIn } = await (await issuer({ now: start }, { expires })).issue({ scopes: [] })
      assert.equal(expiresIn, seconds)
      assert.equal(decodeJwt(token).exp, start / 1000 + seconds)
    }
  })

  it('fits into a header even with the most and longest names', async () => {
    const own = await issuer({ now: start })
    const scopes = Array.from({ length: 100 }, (_, index) => ({
      type: 'repository',
      name: `${index}`.padStart(255, 'a'),
      actions: ['pull', 'push', 'delete'],
    }))
    const { token } = await own.issue({ name: 'alice', scopes })
    assert.ok(token.length < 48 * 1024, String(token.length))
    assert.ok((await own.verify(token)).scopes.allow('repository', '99'.padStart(255, 'a'), 'delete'))
  })
})

describe('a token is taken', () => {
  it('by every process with the same secret, and by no other', async () => {
    const clock = { now: start }
    const { token } = await (await issuer(clock)).issue({ name: 'alice', scopes: pull })
    assert.equal((await (await issuer(clock)).verify(token)).name, 'alice')
    await assert.rejects((await issuer(clock, { secret: `${secret}!` })).verify(token), invalid)
  })

  it('until it expires, with some seconds for clocks that differ', async () => {
    const clock = { now: start }
    const own = await issuer(clock)
    const { token } = await own.issue({ scopes: [] })
    for (const used of [await issuer(clock), own]) {
      clock.now = start + 309_000
      // eslint-disable-next-line no-await-in-loop
      await used.verify(token)
      clock.now = start + 310_000
      // eslint-disable-next-line no-await-in-loop
      await assert.rejects(used.verify(token), invalid)
    }
  })

  it('from a replica whose clock is ahead, a little', async () => {
    const clock = { now: start + 10_000 }
    const { token } = await (await issuer(clock)).issue({ scopes: [] })
    clock.now = start
    const own = await issuer(clock)
    await own.verify(token)
    clock.now = start - 1000
    await assert.rejects((await issuer(clock)).verify(token), invalid)
  })
})

/** A part of a JWT. */
function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A token for whoever takes the key for a secret. */
function hmac(key: string | Buffer): string {
  const text = `${part({ alg: 'HS256', kid })}.${part(good)}`
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

describe('a token is refused', () => {
  const other = makeKeyPair('P-256')
  const { publicKey } = deriveKey(secret)
  const pem = publicKey.export({ type: 'spki', format: 'pem' })

  const cases: Readonly<Record<string, () => string | Promise<string>>> = {
    'without any form': () => 'x',
    'of three empty parts': () => '..',
    'that is too long': () => signed({ ...good, more: 'x'.repeat(64 * 1024) }),
    'with the algorithm none': () => `${part({ alg: 'none', kid })}.${part(good)}.`,
    'with the algorithm none and a signature': async () =>
      `${part({ alg: 'none', kid })}.${part(good)}.${(await signed(good)).split('.')[2]}`,
    'signed with the public key for a secret': () => hmac(pem),
    'signed with http.secret for a secret': () => hmac(secret),
    'of another key': () => signed(good, {}, other.privateKey),
    'of another key that it brings': () =>
      signed(good, { jwk: other.publicKey.export({ format: 'jwk' }) }, other.privateKey),
    'of another key, named': () => signed(good, { kid: 'another' }, other.privateKey),
    'that names another key': () => signed(good, { kid: 'another' }),
    'that names no key': () => signed(good, { kid: undefined }),
    'that names a file for its key': () => signed(good, { kid: '../../../../dev/null' }),
    'with an extension that must be understood': () => signed(good, { crit: ['x'], x: 1 }),
    'with something else than was signed': async () => {
      const [header, , signature] = (await signed(good)).split('.')
      return `${header}.${part({ ...good, sub: 'bob' })}.${signature}`
    },
    'of another issuer': () => signed({ ...good, iss: 'other' }),
    'without an issuer': () => signed({ ...good, iss: undefined }),
    'for another audience': () => signed({ ...good, aud: 'other' }),
    'without an audience': () => signed({ ...good, aud: undefined }),
    'that expired': () => signed({ ...good, exp: start / 1000 - 10 }),
    'that never expires': () => signed({ ...good, exp: undefined }),
    'that is not yet good': () => signed({ ...good, nbf: start / 1000 + 11 }),
    'without access': () => signed({ ...good, access: undefined }),
    'with an access of another form': () => signed({ ...good, access: [{ type: 'repository' }] }),
    'with an access that is no list': () => signed({ ...good, access: {} }),
  }

  it('unless all is well', async () => {
    assert.equal((await (await issuer({ now: start })).verify(await signed(good))).name, 'alice')
  })

  for (const [name, token] of Object.entries(cases)) {
    it(name, async () => {
      await assert.rejects((await issuer({ now: start })).verify(await token()), invalid)
    })
  }
})

describe('the key', () => {
  it('is that of the file before that of the secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
    const keyFile = join(folder, 'token.pem')
    const { privateKey } = makeKeyPair('P-256')
    writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const { log, lines } = recordingLog()
    try {
      const own = await issuer({ now: start }, { keyFile, log })
      const { token } = await own.issue({ scopes: [] })
      await assert.rejects((await issuer({ now: start })).verify(token), invalid)
      await (await issuer({ now: start }, { keyFile, secret: 'another' })).verify(token)
      assert.deepEqual(lines, [])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('of a file that cannot be used stops the start', async () => {
    await assert.rejects(issuer({ now: start }, { keyFile: '/nowhere/token.pem' }), {
      message: 'access.token.key: /nowhere/token.pem: no such file',
    })
  })

  it('is of this process alone without either, with one warning', async () => {
    for (const none of [{}, { secret: '' }]) {
      const { log, lines } = recordingLog()
      const options = {
        service: 'berth',
        expires: 300_000,
        log,
        now: () => start,
        processSecret: 'of one process',
        ...none,
      }
      /* eslint-disable no-await-in-loop */
      const own = await createIssuer(options)
      const { token } = await own.issue({ name: 'alice', scopes: pull })
      assert.equal((await own.verify(token)).name, 'alice')
      assert.equal(lines.length, 1)
      assert.match(lines[0] ?? '', /http\.secret is not set \{\}$/)
      // A reload does not end them, another process does not take them.
      assert.equal((await (await createIssuer(options)).verify(token)).name, 'alice')
      const other = { ...options, processSecret: 'of another process' }
      await assert.rejects((await createIssuer(other)).verify(token), invalid)
      /* eslint-enable no-await-in-loop */
    }
  })

  it('of a secret that can be guessed is used with a warning, which does not tell it', async () => {
    const { log, lines } = recordingLog()
    await issuer({ now: start }, { secret: 'hunter2hunter2!', log })
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^http\.secret is short/)
    assert.doesNotMatch(lines[0] ?? '', /hunter2/)
    const { log: quiet, lines: none } = recordingLog()
    await issuer({ now: start }, { secret: 'hunter2hunter2!!', log: quiet })
    assert.deepEqual(none, [])
  })
})
