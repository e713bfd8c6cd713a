import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Unauthorized } from '../../registry/unauthorized.ts'
import { issue, toX5c, type CertificateOptions, type Issued } from '../../../test/auth/token-certificates.ts'
import { makeKeys } from '../../../test/auth/token-keys.ts'
import { parseCertificate } from './certificate.ts'
import { verifyChain, type VouchedKey } from './chain.ts'

const minute = 60_000
const now = Date.now()

/** Makes a certificate with keys of its own. */
function make(name: string, options: Partial<CertificateOptions> = {}): Issued {
  return issue({ name, keys: makeKeys('p256'), ...options })
}

function makeAuthority(name: string, options: Partial<CertificateOptions> = {}): Issued {
  return make(name, { authority: true, keyUsage: 0x06, ...options })
}

function verify(chain: readonly Issued[], trusted: readonly Issued[], at = now): VouchedKey {
  return verifyChain(
    toX5c(...chain),
    trusted.map(({ der }) => parseCertificate(der)),
    at,
  )
}

/** What is wrong with a chain, or `good`. */
function verdict(chain: readonly Issued[], trusted: readonly Issued[]): string {
  try {
    assert.ok(chain[0] !== undefined)
    assert.ok(verify(chain, trusted).key.equals(chain[0].keys.publicKey), 'the key of the first')
    return 'good'
  } catch (error) {
    if (error instanceof Unauthorized && error.cause instanceof Error) return error.cause.message
    throw error
  }
}

function verdictBelow(options: Partial<CertificateOptions>): string {
  const top = make('top', options)
  return verdict([make('leaf', { issuer: top })], [top])
}

const notSigned = 'the certificate is not signed by one that is trusted'
const expired = 'the certificate is expired or not yet valid'
const demanding = 'the certificate has demands that are not understood'

const past = { from: new Date(now - 60 * minute), to: new Date(now - minute) }
const future = { from: new Date(now + minute), to: new Date(now + 60 * minute) }

const root = makeAuthority('root')
const first = makeAuthority('first', { issuer: root })
const second = makeAuthority('second', { issuer: first })
const leaf = make('leaf', { issuer: second })

describe('a chain of certificates', () => {
  it('is good up to one that is trusted, with or without that one', () => {
    assert.equal(verdict([leaf, second, first], [root]), 'good')
    assert.equal(verdict([leaf, second, first, root], [root]), 'good')
    assert.equal(verdict([make('direct', { issuer: root })], [root]), 'good')
  })

  it('may have the others in any order, and some that are not needed', () => {
    assert.equal(verdict([leaf, first, second], [root]), 'good')
    assert.equal(verdict([leaf, makeAuthority('stranger'), root, first, second], [root]), 'good')
  })

  it('is good when one of its middle is trusted, also one that is not self-signed', () => {
    assert.equal(verdict([leaf, second], [first]), 'good')
    assert.equal(verdict([leaf], [second]), 'good')
  })

  it('needs all of the middle', () => {
    assert.equal(verdict([leaf, second], [root]), notSigned)
    assert.equal(verdict([leaf, first], [root]), notSigned)
  })

  it('is about its first', () => {
    assert.equal(verdict([first, leaf, second], [root]), 'good', 'whoever it is')
    assert.equal(verdict([makeAuthority('root'), leaf, second, first], [root]), notSigned)
  })

  it('is of one that is trusted itself, authority or not', () => {
    const alone = make('alone')
    assert.equal(verdict([alone], [root, alone]), 'good')
    assert.equal(verdict([root], [root]), 'good')
    assert.equal(verdict([make('gone', past)], []), expired)
    const gone = make('gone', past)
    assert.equal(verdict([gone], [gone]), expired)
  })

  it('does not count when it is self-signed and not trusted, whatever its name', () => {
    assert.equal(verdict([make('leaf')], [root]), notSigned)
    assert.equal(verdict([makeAuthority('root')], [root]), notSigned)
    assert.equal(verdict([leaf, second, first], []), notSigned)
    assert.equal(verdict([leaf, second, first], [makeAuthority('root')]), notSigned)
  })

  it('has no dates that are past or to come, at any place', () => {
    for (const dates of [past, future]) {
      assert.equal(verdict([make('leaf', { issuer: root, ...dates })], [root]), expired)
      const middle = makeAuthority('middle', { issuer: root, ...dates })
      assert.equal(verdict([make('leaf', { issuer: middle }), middle], [root]), notSigned)
      const top = makeAuthority('top', dates)
      assert.equal(verdict([make('leaf', { issuer: top })], [top]), notSigned)
    }
  })

  it('counts until the first of its dates', () => {
    const end = new Date(Math.floor(now / 1000) * 1000 + 10 * minute)
    const middle = makeAuthority('middle', { issuer: root, to: end })
    const chain = [make('leaf', { issuer: middle }), middle]
    assert.equal(verify(chain, [root]).validTo, end.getTime())
    assert.throws(() => verify(chain, [root], end.getTime() + 1))
    const short = make('short', { issuer: root, to: end })
    assert.equal(verify([short], [root]).validTo, end.getTime())
    assert.equal(verify([short], [short]).validTo, end.getTime())
  })

  it('goes through authorities alone', () => {
    const flaws: readonly Partial<CertificateOptions>[] = [
      { authority: false },
      { keyUsage: 0x06 }, // no basic constraints
      { authority: true, keyUsage: 0x80 },
      { version: 1 },
      {},
    ]
    for (const flaw of flaws) {
      const middle = make('middle', { issuer: root, ...flaw })
      assert.equal(
        verdict([make('leaf', { issuer: middle }), middle], [root]),
        notSigned,
        JSON.stringify(flaw),
      )
    }
    const usual = make('middle', { issuer: root, authority: true })
    assert.equal(verdict([make('leaf', { issuer: usual }), usual], [root]), 'good')
  })

  it('has an authority at its top, or one of the first version, which cannot say so', () => {
    assert.equal(verdictBelow({}), notSigned)
    assert.equal(verdictBelow({ authority: false }), notSigned)
    assert.equal(verdictBelow({ authority: true, keyUsage: 0x80 }), notSigned)
    assert.equal(verdictBelow({ version: 1 }), 'good')
  })

  it('is not longer than an authority allows', () => {
    const chainBelow = (pathLength: number): string => {
      const top = makeAuthority('top', { pathLength })
      const middle = makeAuthority('middle', { issuer: top })
      const lower = makeAuthority('lower', { issuer: middle })
      return verdict([make('leaf', { issuer: lower }), lower, middle], [top])
    }
    assert.equal(chainBelow(2), 'good')
    assert.equal(chainBelow(1), notSigned)
    assert.equal(chainBelow(0), notSigned)
    const strict = makeAuthority('strict', { issuer: root, pathLength: 0 })
    const below = makeAuthority('below', { issuer: strict })
    assert.equal(verdict([make('leaf', { issuer: strict }), strict], [root]), 'good')
    assert.equal(verdict([make('leaf', { issuer: below }), below, strict], [root]), notSigned)
  })

  it('has a signature that nobody can forge yet', () => {
    assert.equal(verdict([make('leaf', { issuer: root, hash: 'sha1' })], [root]), notSigned)
    const forged = make('leaf', { issuer: { name: 'root', keys: makeKeys('p256') } })
    assert.equal(verdict([forged], [root]), notSigned)
    const renamed = make('leaf', { issuer: { name: 'another', keys: root.keys } })
    assert.equal(verdict([renamed], [root]), notSigned, 'the name of its issuer counts as well')
  })

  it('demands nothing that is not understood', () => {
    const demand = Buffer.from('2a0304', 'hex')
    assert.equal(verdict([make('leaf', { issuer: root, demand })], [root]), demanding)
    const middle = makeAuthority('middle', { issuer: root, demand })
    assert.equal(verdict([make('leaf', { issuer: middle }), middle], [root]), notSigned)
  })

  it('has no names below an authority that limits them', () => {
    const limited = makeAuthority('limited', { issuer: root, permitted: 'example.com' })
    const below = makeAuthority('below', { issuer: limited })
    const host = 'tokens.example.net'
    assert.equal(verdict([make('leaf', { issuer: root, host })], [root]), 'good')
    assert.equal(verdict([make('leaf', { issuer: limited }), limited], [root]), 'good')
    assert.equal(verdict([make('leaf', { issuer: limited, host }), limited], [root]), notSigned)
    assert.equal(verdict([make('leaf', { issuer: below, host }), below, limited], [root]), notSigned)
  })

  it('is of any kind of key', () => {
    for (const kind of ['rsa', 'p384', 'p521', 'ed25519'] as const) {
      const top = issue({ name: kind, keys: makeKeys(kind), authority: true })
      assert.equal(verdict([issue({ name: 'leaf', keys: makeKeys(kind), issuer: top })], [top]), 'good', kind)
    }
  })

  it('is short, and nothing but certificates', () => {
    const refusal = (x5c: readonly string[]): string => {
      try {
        verifyChain(x5c, [parseCertificate(root.der)], now)
        return 'good'
      } catch (error) {
        return error instanceof Unauthorized && error.cause instanceof Error ? error.cause.message : 'a bug'
      }
    }
    const [good = ''] = toX5c(make('leaf', { issuer: root }))
    assert.equal(refusal([good]), 'good')
    assert.equal(refusal([good.replaceAll(/.{64}/g, '$&\n')]), 'good', 'in lines')
    assert.equal(refusal(Array<string>(10).fill(good)), 'good')
    assert.equal(refusal(Array<string>(11).fill(good)), 'the chain of certificates is too long')
    assert.equal(refusal([good, 'no certificate']), 'a certificate is not in base64')
    assert.equal(refusal([good, good.slice(0, 100)]), 'a certificate is damaged')
    assert.equal(
      refusal([Buffer.concat([root.der, Buffer.of(0)]).toString('base64')]),
      'a certificate is damaged',
    )
    const pem = `-----BEGIN CERTIFICATE-----\n${good}\n-----END CERTIFICATE-----\n`
    assert.equal(refusal([Buffer.from(pem).toString('base64')]), 'a certificate is damaged')
    assert.equal(refusal(['']), 'a certificate is not in base64')
  })
})
