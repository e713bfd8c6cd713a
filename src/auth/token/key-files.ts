import type { Log } from '../../registry/context.ts'
import { FollowedFiles } from '../../util/followed-files.ts'
import { readSmallFile } from '../../util/small-file.ts'
import { parseKeyFiles, readKeyFiles, type KeyFileContents, type KeyFilePaths } from './load-keys.ts'
import type { TrustedKeys } from './trusted-keys.ts'

/** Milliseconds between two looks at the files. */
const interval = 1_000

export interface KeyFilesOptions extends KeyFilePaths {
  /** Those that tokens may be signed with. */
  readonly algorithms: ReadonlySet<string>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The keys of those who sign tokens, as fresh as their files. What cannot be used leaves the keys as they were. */
export interface KeyFiles {
  /**
   * Those that count now. Another object means other keys. A look that is due is waited for: a key that was withdrawn must not
   * count because nobody came for an hour.
   */
  current(): Promise<TrustedKeys>
}

/** Bytes: thousands of certificates. */
const largest = 8 * 1024 * 1024

interface ReadKeys extends TrustedKeys {
  readonly contents: KeyFileContents
}

/**
 * Reads the files.
 *
 * @throws Error in one line that begins with the key of the configuration
 */
export async function openKeyFiles(options: KeyFilesOptions): Promise<KeyFiles> {
  const { log, now } = options
  return await FollowedFiles.open<ReadKeys>({
    paths: pathsOf(options),
    interval,
    now,
    read: async (old) => {
      const contents = await readKeyFiles(options, (path) => readSmallFile(path, largest))
      if (old !== undefined && isSame(contents, old.contents)) return old
      const keys = await parseKeyFiles(options, contents)
      warnOfUnusable(keys, options)
      return { ...keys, contents }
    },
    onChange: ({ byId, certificates }) => {
      const usable = new Set(byId.values()).size
      log.info({ certificates: certificates.length, keys: usable }, 'token signing keys reloaded')
    },
    onFailure: (error) =>
      log.error({ err: error }, 'token signing keys not reloaded, the old ones stay in use'),
  })
}

function pathsOf({ rootcertbundle, jwks }: KeyFilePaths): readonly string[] {
  return [rootcertbundle, jwks].filter((path): path is string => path !== undefined && path !== '')
}

function warnOfUnusable(
  { byId, certificates, unusable }: TrustedKeys,
  { rootcertbundle, algorithms, log }: KeyFilesOptions,
): void {
  if (unusable > 0) {
    log.warn({ keys: unusable }, 'token signing keys are too short or of an unknown kind, and are not used')
  }
  if (rootcertbundle !== undefined && rootcertbundle !== '' && certificates.length === 0) {
    log.warn({ rootcertbundle }, 'no certificate in auth.token.rootcertbundle')
  }
  const fits = [...byId.values()].some((key) => key.algorithms.some((one) => algorithms.has(one)))
  if (byId.size > 0 && !fits) {
    log.warn({ signingalgorithms: [...algorithms].join(', ') }, unfit(certificates.length > 0, algorithms))
  }
}

/** The certificates that a token brings may have keys of other kinds than those that they lead to, but no secret ones. */
function unfit(hasCertificates: boolean, algorithms: ReadonlySet<string>): string {
  const mayBring = hasCertificates && [...algorithms].some((name) => !name.startsWith('HS'))
  return mayBring
    ? 'auth.token.signingalgorithms fit no signing key: only tokens that bring a certificate can be accepted'
    : 'auth.token.signingalgorithms fit no signing key: every token is refused'
}

function isSame(one: KeyFileContents, other: KeyFileContents): boolean {
  const pairs = [
    [one.bundle, other.bundle],
    [one.keySet, other.keySet],
  ] as const
  return pairs.every(([a, b]) => (a === undefined || b === undefined ? a === b : a.equals(b)))
}
