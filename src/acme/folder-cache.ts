import { access, constants, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateCache, SharedChallenges } from './cache.ts'
import { replaceFile } from './replace-file.ts'

/** Milliseconds after which the file of a challenge is one that a process left when it died. */
const longestChallenge = 10 * 60 * 1000

/**
 * A folder with a file for each name, as Go's autocert keeps it (its `DirCache`):
 *
 *     acme_account+key    the account's key: PEM, SEC 1
 *     HOST                a certificate: PEM, its key of P-256 in SEC 1, then the chain
 *     HOST+token          answers a tls-alpn-01 challenge that is pending
 *     TOKEN+http-01       answers an http-01 challenge that is pending
 *
 * autocert's `HOST+rsa`, for clients that know no ECDSA, is left alone: Node does not say what a client knows before it wants to
 * know the certificate.
 */
export class FolderCache implements CertificateCache {
  readonly challenges: SharedChallenges
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
    this.challenges = {
      put: (name, content) => writeFile(this.#file(name), content, { mode: 0o600 }),
      remove: (name) => rm(this.#file(name), { force: true }),
      isAnyPending: () => this.#hasYoungToken(),
    }
  }

  /** @throws the system's error when it cannot be read and written */
  static async open(path: string): Promise<FolderCache> {
    await readdir(path)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return new FolderCache(path)
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.#file(name), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async write(name: string, content: string): Promise<void> {
    await replaceFile(this.#file(name), content)
  }

  async #hasYoungToken(): Promise<boolean> {
    const names = (await readdir(this.#path)).filter((name) => name.endsWith('+token'))
    for (const name of names) {
      const state = await stat(this.#file(name)).catch(() => undefined)
      if (state !== undefined && Date.now() - state.mtimeMs < longestChallenge) return true
    }
    return false
  }

  /** Names are made of hosts and tokens that were checked; this is for the day when one was not. */
  #file(name: string): string {
    if (!/^[\w.+-]+$/.test(name) || name.startsWith('.')) throw new Error(`no name for a file: ${name}`)
    return join(this.#path, name)
  }
}
