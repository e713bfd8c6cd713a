import type { Descriptor } from './descriptor.ts'
import { isDigest } from './digest.ts'
import { RegistryError } from './errors.ts'
import { isNondistributable, mediaTypes } from './media-types.ts'
import { parseStrictJson } from './strict-json.ts'

/** Bytes. The OCI specification asks for at least 4 MiB; Distribution reads no more, so neither store more. */
export const maxManifestSize: number = 4 * 1024 * 1024

/** What a registry must understand of a manifest. The bytes themselves are never re-serialised. */
export interface Manifest {
  readonly mediaType: string
  /** The blobs of an image: its config and layers. */
  readonly blobs: readonly Descriptor[]
  /** The children of an index. */
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  /** What it is as a referrer: its `artifactType`, else an image's config media type. */
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

type Json = Readonly<Record<string, unknown>>

const imageTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest])
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList])
const dockerTypes: ReadonlySet<string> = new Set([mediaTypes.dockerManifest, mediaTypes.dockerList])
const schema1Types: ReadonlySet<string> = new Set([mediaTypes.dockerSchema1, mediaTypes.dockerSchema1Signed])

/**
 * Parses a manifest that a client pushes, by the OCI image specification and Docker's schema 2.
 *
 * @param mediaType that of the request, without parameters
 * @throws RegistryError MANIFEST_INVALID, saying what is wrong; MANIFEST_TOO_LARGE
 */
export function parseManifest(content: Uint8Array, mediaType: string): Manifest {
  if (content.length > maxManifestSize) throw new RegistryError('MANIFEST_TOO_LARGE')
  if (schema1Types.has(mediaType))
    throw invalid('schema 1 manifests are not supported: push the image with a newer client')
  if (!imageTypes.has(mediaType) && !indexTypes.has(mediaType)) {
    throw invalid(`unsupported manifest media type and no default available: ${mediaType.slice(0, 200)}`)
  }
  const json = parseObject(content)
  if (json['schemaVersion'] === 1)
    throw invalid('schema 1 manifests are not supported: push the image with a newer client')
  if (json['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2')
  checkMediaType(json, mediaType)
  return indexTypes.has(mediaType) ? parseIndex(json, mediaType) : parseImage(json, mediaType)
}

/**
 * Reads a manifest that lies in a store, of any origin and age.
 *
 * @returns the manifest, or undefined when it is none that could be pushed today, such as schema 1
 */
export function readManifest(content: Uint8Array): Manifest | undefined {
  try {
    return parseManifest(content, mediaTypeOf(content))
  } catch {
    return undefined
  }
}

/**
 * The media type that a stored manifest is served with. Its request's type is not stored, so Distribution's rule applies:
 * what the body says, else by its form.
 */
export function mediaTypeOf(content: Uint8Array): string {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8'))
  } catch {
    return mediaTypes.ociManifest
  }
  if (!isObject(json)) return mediaTypes.ociManifest
  if (json['schemaVersion'] === 1) return mediaTypes.dockerSchema1Signed
  const stated = json['mediaType']
  if (typeof stated === 'string' && (imageTypes.has(stated) || indexTypes.has(stated))) return stated
  return isPresent(json['manifests']) ? mediaTypes.ociIndex : mediaTypes.ociManifest
}

/** How a manifest is listed among the referrers of its subject (OCI distribution specification, "Listing Referrers"). */
export function referrerDescriptor(
  manifest: Manifest,
  described: Pick<Descriptor, 'digest' | 'size'>,
): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: described.digest,
    size: described.size,
    ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
    ...(manifest.annotations !== undefined && { annotations: manifest.annotations }),
  }
}

/** Whether a manifest may be pushed before the blob that it names is here. */
export function mayBeAbsent(blob: Descriptor): boolean {
  return isNondistributable(blob.mediaType)
}

function parseImage(json: Json, mediaType: string): Manifest {
  if (isPresent(json['manifests'])) throw invalid('an image manifest must not have manifests')
  const config = parseDescriptor(json['config'], 'config')
  const layers = parseDescriptors(json['layers'], 'layers')
  return {
    mediaType,
    blobs: [config, ...layers],
    manifests: [],
    ...parseCommon(json),
    artifactType: parseArtifactType(json) ?? config.mediaType,
  }
}

function parseIndex(json: Json, mediaType: string): Manifest {
  if (isPresent(json['config']) || isPresent(json['layers']))
    throw invalid('an index must not have config or layers')
  const artifactType = parseArtifactType(json)
  return {
    mediaType,
    blobs: [],
    manifests: parseDescriptors(json['manifests'], 'manifests'),
    ...parseCommon(json),
    ...(artifactType !== undefined && { artifactType }),
  }
}

function parseCommon(json: Json): Pick<Manifest, 'subject' | 'annotations'> {
  const annotations = parseAnnotations(json['annotations'], 'annotations')
  return {
    ...(isPresent(json['subject']) && { subject: parseDescriptor(json['subject'], 'subject') }),
    ...(annotations !== undefined && { annotations }),
  }
}

function parseArtifactType(json: Json): string | undefined {
  const value = json['artifactType']
  if (!isPresent(value) || value === '') return undefined
  if (typeof value !== 'string') throw invalid('artifactType is not a string')
  return value
}

function checkMediaType(json: Json, mediaType: string): void {
  const stated = json['mediaType']
  if (!isPresent(stated) && !dockerTypes.has(mediaType)) return
  if (stated !== mediaType) {
    throw invalid(
      `mediaType in the manifest is ${describe(stated)}, that of the request ${JSON.stringify(mediaType)}`,
    )
  }
}

function parseDescriptors(value: unknown, where: string): Descriptor[] {
  // Go writes an empty list as null.
  if (!isPresent(value)) return []
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`)
  return value.map((item, index) => parseDescriptor(item, `${where}[${index}]`))
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} is not a descriptor`)
  const { digest, size, mediaType = '' } = value
  if (typeof mediaType !== 'string') throw invalid(`${where}.mediaType is not a string`)
  if (typeof digest !== 'string' || !isDigest(digest))
    throw invalid(`${where}.digest is not a digest: ${describe(digest)}`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${where}.size is not a number of bytes: ${describe(size)}`)
  }
  return { mediaType, digest, size }
}

function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (!isPresent(value)) return undefined
  if (!isObject(value)) throw invalid(`${where} is not a map`)
  const annotations: Record<string, string> = Object.create(null)
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw invalid(`${where} holds something else than a string: ${describe(key)}`)
    annotations[key] = text
  }
  return annotations
}

function parseObject(content: Uint8Array): Json {
  let json: unknown
  try {
    json = parseStrictJson(content)
  } catch (error) {
    throw invalid(`not valid JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!isObject(json)) throw invalid('not a JSON object')
  return json
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function describe(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 200)
}

function invalid(detail: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { detail })
}
