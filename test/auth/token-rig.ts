import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unauthorized } from '../../src/registry/unauthorized.ts'
import { createTokenVerifier, type TokenVerifier } from '../../src/auth/token/token-verifier.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { recordingLog, type LogEntry } from '../tls/recording-log.ts'
import { toPem, type Issued } from './token-certificates.ts'

export const issuer = 'the token server'
export const service = 'the registry'

export interface RigOptions {
  /** What the bundle holds. Default: there is none. */
  readonly certificates?: readonly Issued[]
  /** The keys of the JWKS file. Default: there is none. */
  readonly keySet?: readonly object[]
  readonly algorithms?: readonly string[]
}

/** A verifier, the files it follows, its clock and its log. */
export interface Rig {
  readonly verifier: TokenVerifier
  readonly bundlePath: string
  readonly keySetPath: string
  readonly entries: LogEntry[]
  readonly clock: { now: number }
  readonly writeBundle: (...certificates: readonly Issued[]) => void
  readonly writeKeySet: (...keys: readonly object[]) => void
  /** What is wrong with a token, or `accepted`. */
  readonly verdict: (token: string) => Promise<string>
}

export async function makeRig(test: Cleaner, options: RigOptions = {}): Promise<Rig> {
  const folder = temporaryFolder(test).path
  const bundlePath = join(folder, 'bundle.pem')
  const keySetPath = join(folder, 'jwks.json')
  const { log, entries } = recordingLog()
  const clock = { now: Date.now() }
  const writeBundle = (...certificates: readonly Issued[]): void =>
    writeFileSync(bundlePath, certificates.map(toPem).join(''))
  const writeKeySet = (...keys: readonly object[]): void =>
    writeFileSync(keySetPath, JSON.stringify({ keys }))
  if (options.certificates) writeBundle(...options.certificates)
  if (options.keySet) writeKeySet(...options.keySet)
  const verifier = await createTokenVerifier({
    issuer,
    service,
    ...(options.certificates && { rootcertbundle: bundlePath }),
    ...(options.keySet && { jwks: keySetPath }),
    signingalgorithms: options.algorithms ?? [],
    log,
    now: () => clock.now,
  })
  const verdict = (token: string): Promise<string> => verdictOf(verifier, token)
  return { verifier, bundlePath, keySetPath, entries, clock, writeBundle, writeKeySet, verdict }
}

/** What is wrong with a token, or `accepted`. Whatever is thrown must be a refusal for the reason `invalid_token`. */
export async function verdictOf(verifier: TokenVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof Unauthorized) || error.reason !== 'invalid_token') throw error
    return error.cause instanceof Error ? error.cause.message : 'no reason'
  }
}
