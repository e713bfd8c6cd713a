import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'

/** Where systems keep the bundle of the authorities that they trust; Go looks at the same places. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

export interface RootSources {
  /** Of which SSL_CERT_FILE and NODE_EXTRA_CA_CERTS name bundles. */
  readonly env: NodeJS.ProcessEnv
  /** @throws when it cannot be read */
  readonly read: (path: string) => string
}

/**
 * Makes a function that gives whom to trust: the authorities of the system beside Node's own. An authority of a company is
 * usually installed in the system, where Distribution finds it. Read when first asked for, then kept: it is some work.
 */
export function systemRoots({ env, read }: RootSources): () => SecureContext {
  let context: SecureContext | undefined
  return () => {
    context ??= createSecureContext({ ca: [...rootCertificates, ...added(env, read)] })
    return context
  }
}

function added(env: NodeJS.ProcessEnv, read: RootSources['read']): readonly string[] {
  const named = env['SSL_CERT_FILE']
  const system = firstReadable(named === undefined || named === '' ? bundles : [named], read)
  const extra = firstReadable([env['NODE_EXTRA_CA_CERTS'] ?? ''], read)
  return [...system, ...extra]
}

function firstReadable(paths: readonly string[], read: RootSources['read']): readonly string[] {
  for (const path of paths.filter((one) => one !== '')) {
    try {
      return [read(path)]
    } catch {
      // Another system's place.
    }
  }
  return []
}
