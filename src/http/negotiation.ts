import { isDigest, type Digest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { mediaTypes } from '../registry/media-types.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference } from '../registry/reference.ts'
import type { Registry, StoredManifest } from '../registry/registry.ts'
import { parseAccept } from './accept.ts'
import type { Exchange } from './exchange.ts'

/** The platform that a client too old for lists gets. */
const fallbackPlatform = { architecture: 'amd64', os: 'linux' }

/**
 * What a client gets that names the types it understands, the stored one not among them: what Distribution 3 gives it. Most
 * types are served all the same; an image of a list takes its place when a client from before lists asks for a tag.
 *
 * @throws RegistryError MANIFEST_UNKNOWN, MANIFEST_INVALID
 */
export async function negotiate(
  exchange: Exchange,
  registry: Registry,
  name: RepositoryName,
  reference: Reference,
  stored: StoredManifest,
): Promise<StoredManifest> {
  const accepted = parseAccept(exchange.header('accept'))
  if (accepted.has(stored.mediaType)) return stored
  if (stored.mediaType === mediaTypes.ociManifest) {
    throw new RegistryError('MANIFEST_UNKNOWN', {
      message: 'OCI manifest found, but accept header does not support OCI manifests',
    })
  }
  if (stored.mediaType !== mediaTypes.dockerList || reference.kind === 'digest') return stored

  const digest = fallbackChild(stored.content)
  if (digest === undefined) throw new RegistryError('MANIFEST_UNKNOWN')
  const child = await registry.getManifest(exchange.context, name, { kind: 'digest', digest })
  if (child.mediaType === mediaTypes.dockerManifest && !accepted.has(child.mediaType)) {
    throw new RegistryError('MANIFEST_INVALID', { message: 'Schema 2 manifest not supported by client' })
  }
  return child
}

function fallbackChild(list: Uint8Array): Digest | undefined {
  const json: unknown = JSON.parse(Buffer.from(list).toString('utf8'))
  const children = fieldOf(json, 'manifests')
  if (!Array.isArray(children)) return undefined
  const child: unknown = children.find((candidate: unknown) => {
    const platform = fieldOf(candidate, 'platform')
    return (
      fieldOf(platform, 'architecture') === fallbackPlatform.architecture &&
      fieldOf(platform, 'os') === fallbackPlatform.os
    )
  })
  return digestIn(child)
}

function digestIn(descriptor: unknown): Digest | undefined {
  const digest = fieldOf(descriptor, 'digest')
  return typeof digest === 'string' && isDigest(digest) ? digest : undefined
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, field)
    ? (value as Record<string, unknown>)[field]
    : undefined
}
