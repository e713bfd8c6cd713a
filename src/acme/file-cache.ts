import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { accountKeyName, type CertificateCache } from './cache.ts'
import { overwriteFile, replaceFile } from './replace-file.ts'

/** A certificate as Distribution 2 keeps it, both PEM. */
interface Entry {
  readonly Cert: string
  readonly Key: string
}

/** What else stands in the file (`Email`, `Reg`, `Hosts`) means nothing here, and is kept for Distribution. */
interface Content {
  readonly Key?: string
  readonly Certs?: Readonly<Record<string, Entry>> | null
}

/** Where a file cannot be replaced: it is a mount of its own, or its folder may not be written. */
const inPlaceAlone: ReadonlySet<string> = new Set(['EBUSY', 'EROFS', 'EACCES', 'EPERM', 'EXDEV'])

/**
 * One JSON file, in the form of Distribution 2 (rsc.io/letsencrypt), which may be an old one of its own or empty:
 *
 *     {"Email": …, "Reg": …, "Key": the account's key, "Hosts": …, "Certs": {HOST: {"Cert": its chain, "Key": its key}}}
 *
 * The old protocol, ACME v1, is gone, but Let's Encrypt knows the old accounts under the new one.
 */
export class FileCache implements CertificateCache {
  readonly #path: string
  /** Reading, changing and writing of one process do not overlap; those of several processes may, for none of whom it was made. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(path: string) {
    this.#path = path
  }

  /** @throws Error in one line, or the system's, when it cannot be read and written, or holds something else */
  static async open(path: string): Promise<FileCache> {
    await access(path, constants.R_OK | constants.W_OK)
    const cache = new FileCache(path)
    await cache.#read()
    return cache
  }

  async read(name: string): Promise<string | undefined> {
    const { Key, Certs } = await this.#next(() => this.#read())
    if (name === accountKeyName) return Key === '' ? undefined : Key
    const entry = Object.hasOwn(Certs ?? {}, name) ? Certs?.[name] : undefined
    return entry && `${entry.Key.trimEnd()}\n${entry.Cert}`
  }

  async write(name: string, content: string): Promise<void> {
    await this.#next(async () => {
      const old = await this.#read()
      await this.#write(
        name === accountKeyName
          ? { ...old, Key: content }
          : { ...old, Certs: { ...old.Certs, [name]: toEntry(content) } },
      )
    })
  }

  async #read(): Promise<Content> {
    const text = await readFile(this.#path, 'utf8')
    return text.trim() === '' ? { Key: '', Certs: {} } : parse(text)
  }

  async #write(content: Content): Promise<void> {
    const text = `${JSON.stringify(content, undefined, '\t')}\n`
    try {
      await replaceFile(this.#path, text)
    } catch (error) {
      if (!inPlaceAlone.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      await overwriteFile(this.#path, text)
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}

function toEntry(pem: string): Entry {
  const split = pem.indexOf('-----BEGIN CERTIFICATE-----')
  return { Cert: pem.slice(split), Key: pem.slice(0, split) }
}

function parse(text: string): Content {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message would show a piece of the file, keys for instance.
    value = undefined
  }
  if (isContent(value)) return value
  throw new Error(
    "the file is no cache of Let's Encrypt certificates as Distribution 2 writes it; name an empty file, a folder, or what does not exist",
  )
}

function isContent(value: unknown): value is Content {
  if (!isRecord(value)) return false
  const { Key = '', Certs } = value
  const entries = Object.values(isRecord(Certs) ? Certs : {})
  return (
    typeof Key === 'string' &&
    (Certs === undefined || Certs === null || isRecord(Certs)) &&
    entries.every(
      (entry) => isRecord(entry) && typeof entry['Cert'] === 'string' && typeof entry['Key'] === 'string',
    )
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
