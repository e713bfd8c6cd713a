import { parseDigest, type Digest } from './digest.ts'
import { RegistryError } from './errors.ts'

declare const parsed: unique symbol

/** A tag such as `latest`. Only `parseTag` makes one. */
export type Tag = string & { readonly [parsed]: true }

/** How a request names a manifest. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest }

const pattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

export function isTag(text: string): text is Tag {
  return pattern.test(text)
}

/**
 * Parses a tag by the OCI distribution specification, "Pulling manifests".
 *
 * @throws RegistryError TAG_INVALID
 */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text
  throw new RegistryError('TAG_INVALID', { detail: { tag: text.slice(0, 200) } })
}

/**
 * Parses the `<reference>` of a manifest path: a digest when it holds a colon, which no tag can, else a tag.
 *
 * @throws RegistryError DIGEST_INVALID, TAG_INVALID
 */
export function parseReference(text: string): Reference {
  return text.includes(':')
    ? { kind: 'digest', digest: parseDigest(text) }
    : { kind: 'tag', tag: parseTag(text) }
}
