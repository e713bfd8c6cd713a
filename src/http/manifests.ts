import { RegistryError } from '../registry/errors.ts'
import { maxManifestSize } from '../registry/manifest.ts'
import { parseTag, type Tag } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { matchesEtag } from './conditional.ts'
import type { Exchange } from './exchange.ts'
import { negotiate } from './negotiation.ts'
import { manifestPath, type RouteOf } from './route.ts'

/** Tags in one request. The specification asks for ten; the answer names them all in a header, which has limits of its own. */
const maxTags = 100

/** GET and HEAD. */
export async function getManifest(
  exchange: Exchange,
  registry: Registry,
  { name, reference }: RouteOf<'manifest'>,
): Promise<void> {
  const stored = await registry.getManifest(exchange.context, name, reference)
  const manifest = await negotiate(exchange, registry, name, reference, stored)
  const etag = `"${manifest.digest}"`
  const identity = { 'Docker-Content-Digest': manifest.digest, Etag: etag }
  const ifNoneMatch = exchange.header('if-none-match')
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) return await exchange.send(304, identity)
  await exchange.send(200, { 'Content-Type': manifest.mediaType, ...identity }, manifest.content)
}

export async function putManifest(
  exchange: Exchange,
  registry: Registry,
  { name, reference }: RouteOf<'manifest'>,
): Promise<void> {
  const { context, body, query } = exchange
  const tags = parseTags(query)
  const content = await body.bytes(maxManifestSize)
  if (content === undefined) {
    throw new RegistryError('MANIFEST_TOO_LARGE', { detail: `larger than ${maxManifestSize} bytes` })
  }
  const mediaType = (exchange.header('content-type') ?? '').split(';', 1)[0]?.trim() ?? ''
  const { digest, subject } = await registry.putManifest(context, name, reference, {
    mediaType,
    content,
    tags,
  })
  await exchange.send(201, {
    Location: exchange.location(manifestPath(name, digest)),
    'Docker-Content-Digest': digest,
    ...(subject !== undefined && { 'OCI-Subject': subject }),
    ...(tags.length > 0 && { 'OCI-Tag': tags.join(', ') }),
  })
}

/** @throws RegistryError TOO_MANY_TAGS, TAG_INVALID */
function parseTags(query: URLSearchParams): readonly Tag[] {
  const texts = query.getAll('tag')
  if (texts.length > maxTags) throw new RegistryError('TOO_MANY_TAGS', { detail: `more than ${maxTags}` })
  return texts.map(parseTag)
}

export async function deleteManifest(
  exchange: Exchange,
  registry: Registry,
  { name, reference }: RouteOf<'manifest'>,
): Promise<void> {
  if (reference.kind === 'tag') await registry.deleteTag(exchange.context, name, reference.tag)
  else await registry.deleteManifest(exchange.context, name, reference.digest)
  await exchange.send(202)
}
