/**
 * Names in Redis. They begin with ours and the version of what they hold, so that other users of the same server, Distribution among
 * them, are left alone; processes of another version, too.
 *
 *     berth:1:content:DIGEST              bytes of a manifest or small blob
 *     berth:1:blob:REPOSITORY@DIGEST      that a repository has it (presence-value.ts), or that it was deleted
 *     berth:1:manifest:REPOSITORY@DIGEST
 *     berth:1:told                        a channel: what processes tell each other (message.ts)
 */
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

const prefix = 'berth:1:'

export const channel: string = `${prefix}told`

export function contentKey(stored: Digest): string {
  return `${prefix}content:${stored}`
}

export function presenceKey(kind: 'blob' | 'manifest', repository: RepositoryName, digest: Digest): string {
  return `${prefix}${kind}:${repository}@${digest}`
}
