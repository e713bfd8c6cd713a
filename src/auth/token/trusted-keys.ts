import type { KeyObject } from 'node:crypto'
import { algorithmsOf } from './algorithms.ts'
import type { Certificate } from './certificate.ts'
import type { PublishedKey } from './key-set.ts'
import { idsOf } from './key-ids.ts'

export interface TrustedKey {
  readonly key: KeyObject
  /** Those that it may be used for, and no others. */
  readonly algorithms: readonly string[]
}

/** Whose tokens count. */
export interface TrustedKeys {
  /** By what a token may call them. */
  readonly byId: ReadonlyMap<string, TrustedKey>
  /** Those that chains of certificates may lead to. */
  readonly certificates: readonly Certificate[]
  /** How many there are that no token can be verified by: too short, or of an unknown kind. */
  readonly unusable: number
}

/** @returns a key for the algorithms of its kind */
export function trust(key: KeyObject): TrustedKey {
  return { key, algorithms: algorithmsOf(key) }
}

/**
 * Gives the keys their names. A key of a set is called as the set says; one that the set gives no name, and those of certificates,
 * are called by their ids. Of two of one name the last counts, and keys of the set before certificates, as in Distribution.
 */
export async function trustKeys(
  certificates: readonly Certificate[],
  published: readonly PublishedKey[],
): Promise<TrustedKeys> {
  const byId = new Map<string, TrustedKey>()
  let unusable = 0
  const keys = [...certificates.map(({ key }): Partial<PublishedKey> => (key ? { key } : {})), ...published]
  for (const { key, id } of keys) {
    const trusted = key && trust(key)
    if (trusted === undefined || trusted.algorithms.length === 0) {
      unusable++
      continue
    }
    const ids = id === undefined ? await idsOf(trusted.key) : [id]
    for (const each of ids) byId.set(each, trusted)
  }
  return { byId, certificates, unusable }
}
