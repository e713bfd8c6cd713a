import { getCiphers } from 'node:tls'

/**
 * Cipher suites by Go's names, which `http.tls.ciphersuites` takes, and OpenSSL's, in the order in which Go chooses among them
 * (`cipherSuitesPreferenceOrder` of crypto/tls): like Go, the order of the configured list is not looked at.
 */
const openSslNames: Readonly<Record<string, string>> = {
  // Those of TLS 1.3 are called alike by both.
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',

  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',

  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',

  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',

  // OpenSSL as Node builds it has no 3DES.
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 'ECDHE-RSA-DES-CBC3-SHA',
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: 'DES-CBC3-SHA',
}

/** All names that Distribution 2 and 3 take, in Go's order of preference. */
export const cipherSuiteNames: readonly string[] = Object.keys(openSslNames)

/** Always on where TLS 1.3 is: Go does not let them be chosen. */
const tls13: readonly string[] = cipherSuiteNames.slice(0, 3)

/** Distribution's, for an empty list: forward secrecy and authenticated encryption. */
const defaults: readonly string[] = cipherSuiteNames.slice(3, 9)

/**
 * @param names Go's; empty: Distribution's default list
 * @returns the list in OpenSSL's form, best first, with all suites of TLS 1.3
 * @throws Error in one line: a name that is none, or a suite that this Node.js was built without
 */
export function openSslCiphers(names: readonly string[]): string {
  for (const name of names) requireAvailable(name)
  const chosen = new Set([...tls13, ...(names.length === 0 ? defaults : names)])
  return cipherSuiteNames
    .filter((name) => chosen.has(name))
    .map((name) => openSslNames[name])
    .join(':')
}

function requireAvailable(name: string): void {
  const openSslName = Object.hasOwn(openSslNames, name) ? openSslNames[name] : undefined
  // Distribution's words.
  if (openSslName === undefined)
    throw new Error(
      `unknown TLS cipher suite '${name}' specified for http.tls.ciphersuites; known are ${cipherSuiteNames.join(', ')}`,
    )
  if (!getCiphers().includes(openSslName.toLowerCase()))
    throw new Error(
      `http.tls.ciphersuites: ${name} is not available, for the OpenSSL of this Node.js is built without it; take it out of the list`,
    )
}
