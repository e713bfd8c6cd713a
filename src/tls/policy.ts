import { constants } from 'node:crypto'
import type { SecureVersion, TlsOptions } from 'node:tls'
import { openSslCiphers } from './cipher-suites.ts'

/** Go's four modes of asking clients for certificates, as `http.tls.clientauth` names them. */
export type ClientAuth =
  | 'request-client-cert'
  | 'require-any-client-cert'
  | 'verify-client-cert-if-given'
  | 'require-and-verify-client-cert'

/** What `http.tls` says besides the files. */
export interface TlsPolicy {
  readonly minimum: 'tls1.0' | 'tls1.1' | 'tls1.2' | 'tls1.3'
  /** Go's names; empty: Distribution's defaults. Not looked at when the minimum is TLS 1.3. */
  readonly cipherSuites: readonly string[]
  /** Counts only when there are client CAs. */
  readonly clientAuth: ClientAuth
}

/** Options of a server and of each of its contexts: `setSecureContext` wants them again, or falls back to Node's defaults. */
export type PolicyOptions = Required<
  Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'honorCipherOrder' | 'secureOptions'>
> &
  Required<Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'>>

const versions: Readonly<Record<TlsPolicy['minimum'], SecureVersion>> = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
}

/**
 * What a node server must be told so that it behaves as Distribution's does. With client CAs, `clientRefusal` belongs to it.
 *
 * @throws Error in one line: a cipher suite that is unknown or not available
 */
export function policyOptions(policy: TlsPolicy, hasClientCas: boolean): PolicyOptions {
  const ciphers = openSslCiphers(policy.minimum === 'tls1.3' ? [] : policy.cipherSuites)
  // OpenSSL 3 signs with SHA-1, as these versions need it, only at the lowest level of security.
  const isOld = policy.minimum === 'tls1.0' || policy.minimum === 'tls1.1'
  return {
    minVersion: versions[policy.minimum],
    maxVersion: 'TLSv1.3',
    ciphers: isOld ? `${ciphers}:@SECLEVEL=0` : ciphers,
    honorCipherOrder: true,
    // As Go: a client that has no fast AES, and therefore puts ChaCha20 first, gets it; and no renegotiation, which could
    // bring another client certificate than the one that was checked.
    secureOptions: constants.SSL_OP_PRIORITIZE_CHACHA | constants.SSL_OP_NO_RENEGOTIATION,
    requestCert: hasClientCas,
    // Node destroys whatever is not verified, and the handshake fails without a certificate. The other modes admit some of
    // these, so theirs are refused by `clientRefusal`.
    rejectUnauthorized: hasClientCas && policy.clientAuth === 'require-and-verify-client-cert',
  }
}
