export type DistributionVersion = 2 | 3

/** Tokens that Berth accepts and Distribution refuses, or the other way round, and why. */
export interface Difference {
  readonly from: readonly DistributionVersion[]
  /** Whether it is Berth that accepts them. */
  readonly accepts: boolean
  /** Names of rows. */
  readonly rows: RegExp
  readonly why: string
}

export const differences: readonly Difference[] = [
  {
    from: [3],
    accepts: true,
    rows: /kid, libtrust$|jwk alone$/,
    why: 'Token servers for Distribution 2 name keys so, and go on working.',
  },
  {
    from: [2],
    accepts: true,
    rows: /kid, thumbprint$|^zeros: /,
    why: 'Distribution 3 came with thumbprints.',
  },
  {
    from: [3],
    accepts: true,
    rows: /^zeros: thumbprint of the whole coordinates$/,
    why: 'Distribution 3 computes another thumbprint than RFC 7638 and all other programs.',
  },
  {
    from: [2],
    accepts: true,
    rows: /^key: (?:rsa PS|ed25519 )/,
    why: 'Distribution 3 came with these algorithms.',
  },
  {
    from: [2],
    accepts: true,
    rows: /^jwks: /,
    why: 'Distribution 3 came with key sets.',
  },
  {
    from: [3],
    accepts: true,
    rows: /^jwks: secret$/,
    why: 'Distribution 3 lists HMAC among its algorithms, but loses the secrets of a key set.',
  },
  {
    from: [3],
    accepts: true,
    rows: /^jwks: without kid, by libtrust id$/,
    why: 'A key without a name is known by its ids, as one of a certificate.',
  },
  {
    from: [2],
    accepts: true,
    rows: /^claim: aud \[/,
    why: 'Distribution 3 came with lists of audiences (RFC 7519, 4.1.3).',
  },
  {
    from: [2, 3],
    accepts: true,
    rows: /^claims: an integer with /,
    why: 'The same number, written otherwise.',
  },
  {
    from: [2],
    accepts: false,
    rows: /^claims: a claim (?:twice|in capitals)$|^header: alg twice$/,
    why: 'Distribution 3 refuses as well what two programs read in two ways.',
  },
  {
    from: [2],
    accepts: true,
    rows: /^header: typ that is no text$/,
    why: 'Nobody looks at it.',
  },
  {
    from: [2],
    accepts: false,
    rows: /^header: jwk that is private$/,
    why: 'RFC 7515, 4.1.3, forbids it, and Distribution 3 refuses it as well.',
  },
  {
    from: [2],
    accepts: false,
    rows: /^header: (?:an extension that must be understood|b64 false, not critical)$/,
    why: 'RFC 7515, 4.1.11: what must be understood, and is not, makes a token invalid.',
  },
  {
    from: [2, 3],
    accepts: false,
    rows: /^header: (?:no extension that must be understood|extension b64, true)$/,
    why: 'RFC 7515, 4.1.11, forbids an empty list, and no extension is supported.',
  },
  {
    from: [3],
    accepts: false,
    rows: /^header: extension b64, false$/,
    why: 'RFC 7797, 7, forbids it in tokens.',
  },
  {
    from: [2],
    accepts: false,
    rows: /^header: padding$/,
    why: 'RFC 7515, 2, forbids it.',
  },
  {
    from: [2, 3],
    accepts: false,
    rows: /^chain: eleven$/,
    why: 'What a stranger can make the registry read has an end.',
  },
  {
    from: [2, 3],
    accepts: false,
    rows: /^chain: top: limits names, an allowed name$/,
    why: 'Limits on names are not followed; below them no name is accepted, allowed or not.',
  },
  {
    from: [2, 3],
    accepts: false,
    rows: /^chain: RSA of 1024 bits$/,
    why: 'RFC 7518, 3.3, asks for 2048.',
  },
]
