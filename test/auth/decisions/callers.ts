/** Whoever asks, and what he brings. */
export interface CallerKind {
  readonly name: string
  readonly brings: Brings
}

export type Brings =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** A token of the registry's own, good as such. */
  | { readonly kind: 'token'; readonly user: string | undefined; readonly scope: TokenScope }
  /** A token that is not good. */
  | { readonly kind: 'bad token'; readonly how: BadToken }
  /** Something else in the header. */
  | { readonly kind: 'header'; readonly value: string }

/**
 * - `granted`: what the token service gives to whoever asks for everything that there is;
 * - `pull`: what it gives to whoever asks for pulling alone;
 * - `everything`: more than it would give, as before somebody changed the rules;
 * - `elsewhere`: everything, but of another repository;
 * - `nothing`: a token all the same.
 */
export type TokenScope = 'granted' | 'pull' | 'everything' | 'elsewhere' | 'nothing'

export type BadToken =
  | 'expired'
  | 'too early'
  | 'of another key'
  | 'for another service'
  | 'of a user who is gone'

/** In the password file. */
export const users: Readonly<Record<string, string>> = { alice: 'of alice', bob: 'of bob' }

export const groups: Readonly<Record<string, readonly string[]>> = { crew: ['alice'] }

const alice = 'alice'
const bob = 'bob'
const nobody = undefined

/** What tokens of somebody else say besides. */
export const teams: Readonly<Record<string, readonly string[]>> = {
  alice: ['other', 'crew'],
  bob: ['others'],
}

/** Whom rules are about. */
export const callers: readonly CallerKind[] = [
  { name: 'nobody', brings: { kind: 'nothing' } },
  ...[alice, bob].map((user) => ({
    name: `${user} with the password`,
    brings: { kind: 'password' as const, user, password: users[user] ?? '' },
  })),
  token(nobody, 'granted'),
  token(nobody, 'everything'),
  token(alice, 'granted'),
  token(alice, 'pull'),
  token(alice, 'nothing'),
  token(alice, 'elsewhere'),
  token(bob, 'everything'),
]

/** Whom no rule lets in. */
export const strangers: readonly CallerKind[] = [
  { name: 'alice with a wrong password', brings: { kind: 'password', user: alice, password: 'of bob' } },
  { name: 'an unknown user', brings: { kind: 'password', user: 'mallory', password: 'of alice' } },
  ...(
    ['expired', 'too early', 'of another key', 'for another service', 'of a user who is gone'] as const
  ).map((how) => ({ name: `a token ${how}`, brings: { kind: 'bad token' as const, how } })),
  { name: 'no token', brings: { kind: 'header', value: 'Bearer e30.e30.e30' } },
  { name: 'another scheme', brings: { kind: 'header', value: 'Digest username="alice"' } },
  { name: 'Basic of nothing', brings: { kind: 'header', value: 'Basic' } },
]

/** Of those, and of strangers, whoever brings what somebody else could have given. */
export const tokenCallers: readonly CallerKind[] = callers.filter(
  ({ brings }) => brings.kind !== 'token' || brings.scope !== 'granted',
)

export const tokenStrangers: readonly CallerKind[] = strangers.filter(
  // The token is all that is known of its user.
  ({ brings }) => brings.kind !== 'bad token' || brings.how !== 'of a user who is gone',
)

function token(user: string | undefined, scope: TokenScope): CallerKind {
  return {
    name: `${user ?? 'nobody'} with a token of scope ${scope}`,
    brings: { kind: 'token', user, scope },
  }
}
