import { mkdir, realpath, stat } from 'node:fs/promises'
import { fileProblem } from '../util/file-problem.ts'
import type { CertificateCache } from './cache.ts'
import { FileCache } from './file-cache.ts'
import { FolderCache } from './folder-cache.ts'

/**
 * Opens `http.tls.letsencrypt.cachefile`: a folder as Distribution 3 keeps one, which is made when it is absent; or a file as
 * Distribution 2 does.
 *
 * @throws Error of one line when it cannot be used
 */
export async function openCache(path: string): Promise<CertificateCache> {
  try {
    const state = await stat(path).catch(absent)
    if (state?.isFile() === true) return await FileCache.open(await realpath(path))
    if (state === undefined) await mkdir(path, { recursive: true, mode: 0o700 })
    return await FolderCache.open(path)
  } catch (error) {
    throw new Error(`http.tls.letsencrypt.cachefile: ${path}: ${fileProblem(error, problems)}`, {
      cause: error,
    })
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

const neither = 'it is neither a folder nor a file, nor can a folder be made there'

const problems: Readonly<Record<string, string>> = {
  EROFS: 'it is read-only; the certificates must be kept where they can be written',
  ENOENT: 'no folder can be made there',
  ENOTDIR: neither,
  EEXIST: neither,
}
