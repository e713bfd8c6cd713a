import { libtrustId } from '../../src/auth/token/key-ids.ts'
import { issue, toX5c, type CertificateOptions, type Issued } from './token-certificates.ts'
import { makeKeys, signToken } from './token-keys.ts'
import { good, type Row } from './token-row.ts'

const minute = 60_000

function make(name: string, options: Partial<CertificateOptions> = {}): Issued {
  return issue({ name, keys: makeKeys('p256'), ...options })
}

/** Chains of certificates, and those of them that are trusted. */
export function chainRows(root: Issued): {
  readonly rows: readonly Row[]
  readonly trusted: readonly Issued[]
} {
  const keys = makeKeys('p256')
  const leafOf = (authority: Issued, options: Partial<CertificateOptions> = {}): Issued =>
    make('leaf', { keys, issuer: authority, ...options })
  const authorityOf = (authority: Issued, options: Partial<CertificateOptions> = {}): Issued =>
    make('middle', { issuer: authority, authority: true, ...options })
  const past = { from: new Date(Date.now() - 60 * minute), to: new Date(Date.now() - minute) }
  const future = { from: new Date(Date.now() + 10 * minute) }
  const trusted = {
    expired: make('expired root', { authority: true, ...past }),
    plain: make('no authority'),
    encipherment: make('for encipherment', { authority: true, keyUsage: 0x20 }),
    old: make('first version', { version: 1 }),
    short: make('short', { authority: true, pathLength: 0 }),
    weak: make('weak', { keys: makeKeys('rsa', 1024), authority: true }),
    narrow: make('narrow', { authority: true, permitted: 'example.com' }),
    subordinate: make('subordinate', { issuer: make('nobody', { authority: true }), authority: true }),
    spent: make('spent', { keys, ...past }),
  }
  const first = authorityOf(root)
  const second = make('second', { issuer: first, authority: true })
  const chain = (name: string, ...certificates: readonly Issued[]): Row => ({
    name: `chain: ${name}`,
    token: signToken(keys.privateKey, { alg: 'ES256', x5c: toX5c(...certificates) }, good()),
  })
  const through = (name: string, options: Partial<CertificateOptions>): Row => {
    const middle = make('middle', { issuer: root, ...options })
    return chain(name, leafOf(middle), middle)
  }
  const below = authorityOf(trusted.short)
  const demand = Buffer.from('2a0304', 'hex')
  const host = 'tokens.example.net'
  return {
    trusted: Object.values(trusted),
    rows: [
      chain('two between', leafOf(second), second, first),
      chain('two between, in another order', leafOf(second), first, second),
      chain('more than needed', leafOf(root), second, make('stranger')),
      chain('the lower one missing', leafOf(second), first),
      chain('the upper one missing', leafOf(second), second),
      chain('the leaf not first', second, leafOf(second), first),
      chain('of nobody', leafOf(make('root', { authority: true }))),
      chain('eleven', leafOf(root), ...Array.from({ length: 10 }, () => first)),
      chain('a leaf with a name', leafOf(root, { host })),
      chain('a leaf that is an authority', leafOf(root, { authority: true })),
      chain('a leaf for encipherment', leafOf(root, { keyUsage: 0x20 })),
      chain('a leaf of the first version', leafOf(root, { version: 1 })),
      chain('a leaf that expired', leafOf(root, past)),
      chain('a leaf to come', leafOf(root, future)),
      chain('a leaf with demands', leafOf(root, { demand })),
      chain('a leaf signed by SHA-1', leafOf(root, { hash: 'sha1' })),
      through('an authority between', { authority: true }),
      through('between: no authority', { authority: false }),
      through('between: says nothing', {}),
      through('between: only key usage', { keyUsage: 0x04 }),
      through('between: for encipherment', { authority: true, keyUsage: 0x20 }),
      through('between: of the first version', { version: 1 }),
      through('between: expired', { authority: true, ...past }),
      through('between: with demands', { authority: true, demand }),
      through('between: limits names', { authority: true, permitted: 'example.com' }),
      through('between: signed by SHA-1', { authority: true, hash: 'sha1' }),
      chain('top: expired', leafOf(trusted.expired)),
      chain('top: no authority', leafOf(trusted.plain)),
      chain('top: for encipherment', leafOf(trusted.encipherment)),
      chain('top: of the first version', leafOf(trusted.old)),
      chain('top: RSA of 1024 bits', leafOf(trusted.weak)),
      chain('top: not self-signed', leafOf(trusted.subordinate)),
      chain('top: not too long', leafOf(trusted.short)),
      chain('top: too long', leafOf(below), below),
      chain('top: limits names', leafOf(trusted.narrow)),
      chain('top: limits names, another name', leafOf(trusted.narrow, { host })),
      chain('top: limits names, an allowed name', leafOf(trusted.narrow, { host: 'a.example.com' })),
      chain('trusted itself, expired', trusted.spent),
      {
        name: 'chain: trusted itself, expired, by kid, libtrust',
        token: signToken(keys.privateKey, { alg: 'ES256', kid: libtrustId(keys.publicKey) }, good()),
      },
      {
        name: 'chain: RSA of 1024 bits',
        token: signToken(trusted.weak.keys.privateKey, { alg: 'RS256', x5c: toX5c(trusted.weak) }, good()),
      },
    ],
  }
}
