import type { Log } from '../../registry/context.ts'
import { VerifiedTokens } from '../issuer/verified-tokens.ts'
import type { Scopes } from '../scope.ts'
import { acceptedAlgorithms } from './algorithms.ts'
import { checkToken, type TokenRules } from './check-token.ts'
import { openKeyFiles, type KeyFiles } from './key-files.ts'
import type { TrustedKeys } from './trusted-keys.ts'

/** As `auth.token` of the configuration. */
export interface TokenVerifierOptions {
  readonly issuer: string
  readonly service: string
  /** The path of a PEM file with certificates. */
  readonly rootcertbundle?: string | undefined
  /** The path of a JSON Web Key Set. */
  readonly jwks?: string | undefined
  /** Empty: all that are known. */
  readonly signingalgorithms: readonly string[]
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** What somebody trusted says of whoever brings the token. */
export interface VerifiedToken {
  /** `sub`; absent when it is empty. */
  readonly name?: string
  /** All but `access`. Has no prototype: a name that is not claimed is not there. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly scopes: Scopes
}

/** Characters of all tokens that are remembered together. In memory a token takes up to ten times that. */
const rememberedSize = 3 * 1024 * 1024

/**
 * Makes what verifies tokens that somebody else issues.
 *
 * @throws Error in one line that begins with the key of the configuration: a file cannot be used, there is no key, an algorithm is
 *   unknown
 */
export async function createTokenVerifier(options: TokenVerifierOptions): Promise<TokenVerifier> {
  const { issuer, service, rootcertbundle, jwks, log, now = Date.now } = options
  const algorithms = acceptedAlgorithms(options.signingalgorithms)
  const files = await openKeyFiles({ rootcertbundle, jwks, algorithms, log, now })
  return new TokenVerifier(files, { issuer, service, algorithms }, now)
}

/** Verifies tokens (Distribution's "Token Authentication Implementation"). The files with the keys are followed. */
export class TokenVerifier {
  readonly #files: KeyFiles
  readonly #rules: TokenRules
  readonly #now: () => number
  #remembered: { readonly keys: TrustedKeys; readonly tokens: VerifiedTokens<VerifiedToken> } | undefined

  constructor(files: KeyFiles, rules: TokenRules, now: () => number) {
    this.#files = files
    this.#rules = rules
    this.#now = now
  }

  /**
   * @returns what the token says, once it is known to be good
   * @throws Unauthorized `invalid_token`, with what is wrong as its cause
   */
  async verify(token: string): Promise<VerifiedToken> {
    const keys = await this.#files.current()
    return await this.#tokensOf(keys).get(token)
  }

  /** What other keys verified is forgotten with them. */
  #tokensOf(keys: TrustedKeys): VerifiedTokens<VerifiedToken> {
    if (this.#remembered?.keys !== keys) this.#remembered = { keys, tokens: this.#verifiedBy(keys) }
    return this.#remembered.tokens
  }

  #verifiedBy(keys: TrustedKeys): VerifiedTokens<VerifiedToken> {
    return new VerifiedTokens({
      size: rememberedSize,
      now: this.#now,
      verify: async (token) => {
        const { validTo, ...value } = await checkToken(token, keys, this.#rules, this.#now())
        return { value, until: validTo }
      },
    })
  }
}
