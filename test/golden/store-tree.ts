import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What lies in a store, so that two of them can be compared. */
export interface StoreTree {
  /** By path: the text of small files, the digest of larger ones. */
  readonly files: Readonly<Record<string, string>>
  /** Modes of files and folders, in octal, by path; of empty folders too. */
  readonly modes: Readonly<Record<string, string>>
}

/** Berth's own names, besides what lies in uploads. */
const ours = new Set(['_referrers', '_digests'])
const uploadId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Reads `blobs` and `repositories` of a store, without Berth's own names. Of an upload that is under way only `startedat` is
 * common to all; each is called by its number.
 */
export function readStoreTree(root: string): StoreTree {
  const files: Record<string, string> = {}
  const modes: Record<string, string> = {}
  const visit = (path: string, shown: string): void => {
    const info = lstatSync(path)
    modes[shown] = (info.mode & 0o7777).toString(8)
    if (!info.isDirectory()) {
      files[shown] = contentOf(path, shown)
      return
    }
    let uploads = 0
    for (const name of readdirSync(path).toSorted()) {
      if (ours.has(name)) continue
      const isUpload = uploadId.test(name)
      if (isUploadPart(shown, name)) continue
      visit(join(path, name), `${shown}/${isUpload ? `upload-${uploads++}` : name}`)
    }
  }
  for (const top of ['blobs', 'repositories']) visit(join(root, 'docker', 'registry', 'v2', top), top)
  return { files, modes }
}

/** Folders in which something lies: which empty ones stay behind is each registry's own affair. */
export function modesOfUsed({ files, modes }: StoreTree): Readonly<Record<string, string>> {
  const used = new Set<string>()
  for (const file of Object.keys(files)) {
    for (let end = file.length; end > 0; end = file.lastIndexOf('/', end - 1)) used.add(file.slice(0, end))
  }
  return Object.fromEntries(Object.entries(modes).filter(([path]) => used.has(path)))
}

function isUploadPart(folder: string, name: string): boolean {
  return /\/_uploads\/upload-\d+$/.test(folder) && name !== 'startedat'
}

function contentOf(path: string, shown: string): string {
  const content = readFileSync(path)
  if (shown.endsWith('/startedat')) {
    const text = content.toString('latin1')
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? 'a time' : text
  }
  return content.length < 200
    ? content.toString('latin1')
    : createHash('sha256').update(content).digest('hex')
}
