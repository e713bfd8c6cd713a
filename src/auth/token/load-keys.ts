import { fileProblem } from '../../util/file-problem.ts'
import { parseBundle } from './bundle.ts'
import { parseKeySet } from './key-set.ts'
import { trustKeys, type TrustedKeys } from './trusted-keys.ts'

/** Where the keys of those who sign tokens are: paths, at least one. */
export interface KeyFilePaths {
  /** PEM, with certificates. */
  readonly rootcertbundle?: string | undefined
  /** A JSON Web Key Set. */
  readonly jwks?: string | undefined
}

/** Reads one file. */
export type ReadFile = (path: string) => Promise<Buffer>

/** What the files held; undefined: no such file is wanted. */
export interface KeyFileContents {
  readonly bundle: Buffer | undefined
  readonly keySet: Buffer | undefined
}

/** @throws Error in one line that names the key of the configuration */
export async function readKeyFiles(
  { rootcertbundle, jwks }: KeyFilePaths,
  read: ReadFile,
): Promise<KeyFileContents> {
  return {
    bundle: await named('rootcertbundle', rootcertbundle, read),
    keySet: await named('jwks', jwks, read),
  }
}

/** @throws Error in one line that names the key of the configuration; also when there is no key at all */
export async function parseKeyFiles(
  paths: KeyFilePaths,
  { bundle, keySet }: KeyFileContents,
): Promise<TrustedKeys> {
  const certificates = await named(
    'rootcertbundle',
    paths.rootcertbundle,
    () => bundle && parseBundle(bundle),
  )
  const published = await named('jwks', paths.jwks, () => keySet && parseKeySet(keySet))
  const keys = await trustKeys(certificates ?? [], published ?? [])
  if (keys.byId.size > 0 || keys.certificates.length > 0) return keys
  const { rootcertbundle, jwks } = paths
  const where = rootcertbundle
    ? `rootcertbundle: ${rootcertbundle}: no certificate in it`
    : jwks
      ? `jwks: ${jwks}`
      : 'rootcertbundle'
  // The first half is Distribution's.
  throw new Error(
    `auth.token.${where}: token auth requires at least one token signing key; ` +
      'rootcertbundle must name a PEM file with certificates, or jwks a JSON Web Key Set',
  )
}

async function named<T>(
  setting: keyof KeyFilePaths,
  path: string | undefined,
  use: (path: string) => T | Promise<T>,
): Promise<T | undefined> {
  if (path === undefined || path === '') return undefined
  try {
    return await use(path)
  } catch (error) {
    throw new Error(`auth.token.${setting}: ${path}: ${fileProblem(error)}`, { cause: error })
  }
}
