import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

/** What a value is about: no value speaks for another one. */
export interface Subject {
  readonly kind: 'blob' | 'manifest'
  readonly repository: RepositoryName
  readonly digest: Digest
}

/** That something was there. */
export interface Sighting {
  /** Milliseconds since 1970 when the look at the store began. */
  readonly since: number
  /** Bytes of a blob; of a manifest nothing is said. */
  readonly size: number | undefined
}

/** Bytes of the longest value that can be one of ours. */
export const longestValue = 100

const form = /^(\d{13}) (\d{1,16}|-) ([A-Za-z0-9_-]{43})$/

/** Writes values that nobody can make who has not the key, and reads no others. */
export class PresenceValues {
  readonly #key: Buffer

  /**
   * @param secret that replicas share
   * @param store by which its processes know it: the same secret with another store makes other values
   */
  constructor(secret: string, store: string) {
    this.#key = createHmac('sha256', secret).update(`berth presence 1\n${store}`).digest()
  }

  write(subject: Subject, { since, size }: Sighting): string {
    const said = `${since} ${size ?? '-'}`
    return `${said} ${this.#seal(subject, said).toString('base64url')}`
  }

  /** @returns undefined for whatever `write` did not make for this subject */
  read(subject: Subject, value: string): Sighting | undefined {
    const match = form.exec(value)
    if (match === null) return undefined
    const [, since = '', size = '', seal = ''] = match
    const expected = this.#seal(subject, `${since} ${size}`)
    const given = Buffer.from(seal, 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    if ((size === '-') !== (subject.kind === 'manifest')) return undefined
    return { since: Number(since), size: size === '-' ? undefined : Number(size) }
  }

  #seal({ kind, repository, digest }: Subject, said: string): Buffer {
    return createHmac('sha256', this.#key).update(`${kind}\n${repository}\n${digest}\n${said}`).digest()
  }
}
