/** Bytes to be sent as one body. */
export interface Part {
  /** Full, but for the last. */
  readonly slabs: readonly Buffer[]
  /** Bytes. */
  readonly length: number
  /** Their sha256 in hex, for the signature; absent where TLS vouches for them. */
  readonly hash?: string
}
