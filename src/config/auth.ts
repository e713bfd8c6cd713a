/** Who tells who a caller is: at most one access controller. */
export type AuthConfig =
  | { readonly name: 'none' }
  | { readonly name: 'silly'; readonly realm: string; readonly service: string }
  | { readonly name: 'htpasswd'; readonly realm: string; readonly path: string }
  | TokenAuthConfig

export interface TokenAuthConfig {
  readonly name: 'token'
  /** Where clients get their tokens. */
  readonly realm: string
  readonly service: string
  readonly issuer: string
  readonly rootcertbundle?: string
  readonly jwks?: string
  readonly autoredirect: boolean
  readonly autoredirectpath: string
  /** Empty: Distribution's default. */
  readonly signingalgorithms: readonly SigningAlgorithm[]
}

export type SigningAlgorithm = 'EdDSA' | `${'RS' | 'ES' | 'PS' | 'HS'}${256 | 384 | 512}`
