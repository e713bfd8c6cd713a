/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's own certificate first, then intermediates. */
  readonly certificate: string
  /** PKCS#1, PKCS#8 or SEC 1, not encrypted. May be the same file. */
  readonly key: string
  /** Each with one or more certificates. Empty: clients are not asked for any. */
  readonly clientCas: readonly string[]
}

export function pathsOf({ certificate, key, clientCas }: TlsFiles): readonly string[] {
  return [certificate, key, ...clientCas]
}
