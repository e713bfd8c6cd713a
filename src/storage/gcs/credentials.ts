import { before } from '../object-store/before.ts'
import { createSign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { defaultUniverse } from './endpoint.ts'
import type { GcsKey, GcsOptions } from './options.ts'
import { type GoogleAuth, loadAuth } from './sdk.ts'

const late = 'the credentials did not come in time'

/** Who signs a URL: with a key of its own, or by asking IAM, which takes rights and a request. */
export type Signer =
  | { readonly email: string; readonly sign: (text: string) => Promise<Buffer> }
  | { readonly email: string; readonly sign?: never }

/** What shows the store who asks. */
export class Credentials {
  readonly #options: GcsOptions
  #key: GcsKey | undefined
  #auth: GoogleAuth | undefined

  private constructor(options: GcsOptions) {
    this.#options = options
  }

  /** @throws Error of one line when a key cannot be read, or the SDK is not installed */
  static async load(options: GcsOptions): Promise<Credentials> {
    const credentials = new Credentials(options)
    await credentials.renew()
    return credentials
  }

  /** The domain of the cloud. */
  get universe(): string {
    const own = this.#key?.['universe_domain']
    return this.#options.universeDomain ?? (typeof own === 'string' && own !== '' ? own : defaultUniverse)
  }

  /** Begins anew: a file may hold another key by now. */
  async renew(): Promise<void> {
    const { credentials, keyFile, emulatorHost } = this.#options
    this.#key = credentials ?? (keyFile === undefined ? undefined : await readKey(keyFile))
    // As in Go, an emulator is not shown what the machine has.
    const isOpen = this.#key === undefined && emulatorHost !== undefined && emulatorHost !== ''
    this.#auth = isOpen ? undefined : await loadAuth(this.#key)
  }

  /**
   * The headers that authorize a request; they are kept until they end.
   *
   * @throws the library's error, which may hold secrets
   */
  async headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    if (this.#auth === undefined) return {}
    return { ...(await before(signal, this.#auth.getRequestHeaders(), late)) }
  }

  /** Undefined when nobody can sign, such as for a person's login. */
  async signer(signal: AbortSignal): Promise<Signer | undefined> {
    const auth = this.#auth
    if (auth === undefined) return undefined
    const client = await before(signal, auth.getClient(), late)
    if (
      'key' in client &&
      typeof client.key === 'string' &&
      'email' in client &&
      client.email !== undefined
    ) {
      const { key, email } = client
      return { email, sign: async (text) => createSign('RSA-SHA256').update(text).sign(key) }
    }
    const { client_email: email } = await before(signal, auth.getCredentials(), late)
    if (email === undefined) return undefined
    // It signs with the rights of who impersonates.
    if ('getTargetPrincipal' in client)
      return {
        email,
        sign: async (text) => Buffer.from(await before(signal, auth.sign(text), late), 'base64'),
      }
    return { email }
  }
}

async function readKey(path: string): Promise<GcsKey> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new Error(`the key file ${path} of the gcs store cannot be read (${code}): correct keyfile`, {
      cause,
    })
  })
  const key = parse(text)
  if (key === undefined)
    throw new Error(`the key file ${path} of the gcs store is no JSON object: download the key again`)
  return key
}

/** The parser's error would quote the key. */
function parse(text: string): GcsKey | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as GcsKey)
      : undefined
  } catch {
    return undefined
  }
}
