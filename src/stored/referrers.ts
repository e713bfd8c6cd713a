import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { algorithmOf, hexOf, type Digest } from '../registry/digest.ts'
import { readManifest, referrerDescriptor, type Manifest } from '../registry/manifest.ts'
import type { RepositoryName } from '../registry/name.ts'
import { isTag } from '../registry/reference.ts'
import type { Publication } from '../storage/driver.ts'
import { mapAhead } from '../util/iterables.ts'
import { digestsBelow } from './digest-folders.ts'
import {
  referrerEntry,
  referrersComplete,
  referrersFolder,
  revisionLink,
  revisionsFolder,
  tagLink,
} from './paths.ts'
import type { StoredReader } from './reader.ts'
import type { Store } from './store.ts'

/** Manifests or entries read at once. */
const width = 16

/** Bytes; a descriptor with all the annotations that a manifest can hold. */
const maxEntrySize = 8 * 1024 * 1024

/** Bytes; a time has 24. */
const maxMarkerSize = 64

/** Repositories of which a process remembers that their index is sound. */
const maxChecked = 100_000

/** Milliseconds by which clocks and the order of writes may deceive whoever compares the age of files. */
const margin = 10 * 60 * 1000

/** Referrers by subject that could not be written to the index of a repository. */
type Unwritten = ReadonlyMap<Digest, readonly Digest[]>

const nothing: Unwritten = new Map()

interface Referrer {
  readonly manifest: Manifest
  readonly described: Pick<Descriptor, 'digest' | 'size'>
}

/**
 * Which manifests refer to which: derived from the manifests, kept in the store, and made when first asked for in a repository
 * that Distribution wrote. An entry is written before its manifest's revision link, so none is missing; one whose manifest
 * is gone is dropped when it is read.
 */
export class Referrers {
  readonly #store: Store
  readonly #reader: StoredReader
  readonly #checked = new LRUCache<RepositoryName, Promise<Unwritten>>(bounded(maxChecked))

  constructor(store: Store, reader: StoredReader) {
    this.#store = store
    this.#reader = reader
  }

  /** What to publish before a manifest becomes visible; nothing unless it refers to another one. */
  publication(
    repository: RepositoryName,
    manifest: Manifest,
    described: Pick<Descriptor, 'digest' | 'size'>,
  ): readonly Publication[] {
    if (manifest.subject === undefined) return []
    const content = Buffer.from(JSON.stringify(referrerDescriptor(manifest, described)))
    return [{ path: referrerEntry(repository, manifest.subject.digest, described.digest), content }]
  }

  /** The referrers of `subject` whose digests sort after `after`, in byte order of digests. */
  async *list(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    after = '',
  ): AsyncGenerator<Descriptor, void, undefined> {
    const unwritten = await this.#ensureIndexed(context, repository)
    const digests = new Set(unwritten.get(subject))
    const entries = digestsBelow(this.#store.driver, (algorithm) =>
      referrersFolder(repository, subject, algorithm),
    )
    for await (const digest of entries) digests.add(digest)
    for (const digest of await this.#fallback(context, repository, subject)) digests.add(digest)
    const rest = [...digests].filter((digest) => digest > after).toSorted()
    const present = mapAhead(rest, width, (digest) => this.#present(context, repository, subject, digest))
    for await (const digest of present) {
      // One at a time: each may be as large as a manifest.
      const descriptor = digest && (await this.#describe(context, repository, subject, digest))
      if (descriptor !== undefined) yield descriptor
    }
  }

  /**
   * What clients wrote who took this registry for one without referrers: an index under a tag made of the subject's digest
   * (OCI distribution specification, "Referrers Tag Schema"). Each is checked as any other.
   */
  async #fallback(context: Context, repository: RepositoryName, subject: Digest): Promise<Digest[]> {
    const tag = `${algorithmOf(subject).slice(0, 32)}-${hexOf(subject).slice(0, 64)}`
    if (!isTag(tag)) return []
    const digest = await this.#store.links.read(context, tagLink(repository, tag))
    const index = digest && (await this.#manifest(context, repository, digest))
    return index === undefined ? [] : index.manifests.map((child) => child.digest)
  }

  /** The digest of a referrer if its manifest is still there. */
  async #present(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    digest: Digest,
  ): Promise<Digest | undefined> {
    if ((await this.#reader.findManifest(context, repository, digest)) === digest) return digest
    await this.#dropEntry(context, repository, subject, digest)
    return undefined
  }

  /** The descriptor of a referrer, if it refers to `subject`. */
  async #describe(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    digest: Digest,
  ): Promise<Descriptor | undefined> {
    const { driver, contents } = this.#store
    const entry = await driver.read(referrerEntry(repository, subject, digest), maxEntrySize)
    const known = entry && parseEntry(entry, digest)
    if (known !== undefined) return known
    const content = await contents.load(context, digest)
    const manifest = content && readManifest(content.bytes)
    if (content === undefined || manifest?.subject?.digest !== subject) return undefined
    const described = { digest, size: content.bytes.length }
    return referrerDescriptor(manifest, described)
  }

  /** An entry may be that of a manifest whose push is under way, so only old ones are removed. A failure is no reader's affair. */
  async #dropEntry(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    digest: Digest,
  ): Promise<void> {
    const path = referrerEntry(repository, subject, digest)
    try {
      const info = await this.#store.driver.stat(path)
      if (info === undefined || Date.now() - info.modified.getTime() < margin) return
      await this.#store.driver.delete(path)
      // Pushed again in this very moment: the next look finds it by its manifest.
      if ((await this.#reader.findManifest(context, repository, digest)) === digest)
        this.#checked.delete(repository)
    } catch (error) {
      context.log.warn({ err: error, path }, 'stale referrer entry not removed')
    }
  }

  async #manifest(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<Manifest | undefined> {
    const stored = await this.#reader.findManifest(context, repository, digest)
    const content = stored && (await this.#store.contents.load(context, stored))
    return content && readManifest(content.bytes)
  }

  /** Once for a repository and process; several queries at once wait for the same look. */
  async #ensureIndexed(context: Context, repository: RepositoryName): Promise<Unwritten> {
    let checked = this.#checked.get(repository)
    if (checked === undefined) {
      // What does not exist is not remembered, for there is no end of it.
      if (!(await this.#store.tree.hasManifest(repository))) return nothing
      checked = this.#checked.get(repository) ?? this.#index(context, repository)
      this.#checked.set(repository, checked)
      checked.catch(() => this.#checked.delete(repository))
    }
    return await checked
  }

  /**
   * Reads every manifest that came since the index was last complete (all of them when it never was): Distribution may have
   * written them, which knows of no index.
   */
  async #index(context: Context, repository: RepositoryName): Promise<Unwritten> {
    const { driver } = this.#store
    const started = new Date()
    const marker = await driver.read(referrersComplete(repository), maxMarkerSize)
    // Anything else than a time counts as never.
    const since = (Date.parse(marker?.toString('latin1') ?? '') || 0) - margin
    const unwritten = new Map<Digest, Digest[]>()
    const revisions = digestsBelow(driver, (algorithm) => revisionsFolder(repository, algorithm))
    const lacking = mapAhead(revisions, width, (digest) =>
      this.#lackingEntry(context, repository, digest, since),
    )
    for await (const referrer of lacking) {
      if (referrer?.manifest.subject === undefined) continue
      const subject = referrer.manifest.subject.digest
      try {
        await driver.publish(this.publication(repository, referrer.manifest, referrer.described))
      } catch (error) {
        // A store that takes no writes can still answer.
        context.log.warn({ err: error, repository }, 'referrer not written to the index')
        unwritten.set(subject, [...(unwritten.get(subject) ?? []), referrer.described.digest])
      }
    }
    if (unwritten.size === 0) await this.#markComplete(context, repository, started)
    return unwritten.size === 0 ? nothing : unwritten
  }

  /** A referrer that came since, and has no entry. */
  async #lackingEntry(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    since: number,
  ): Promise<Referrer | undefined> {
    const { driver, contents } = this.#store
    const link = await driver.stat(revisionLink(repository, digest))
    if (link === undefined || link.modified.getTime() < since) return undefined
    const content = await contents.load(context, digest)
    const manifest = content && readManifest(content.bytes)
    if (content === undefined || manifest?.subject === undefined) return undefined
    const entry = await driver.stat(referrerEntry(repository, manifest.subject.digest, digest))
    return entry === undefined ? { manifest, described: { digest, size: content.bytes.length } } : undefined
  }

  /** @param started when the look began: what came since may not have been seen */
  async #markComplete(context: Context, repository: RepositoryName, started: Date): Promise<void> {
    try {
      await this.#store.driver.write(referrersComplete(repository), Buffer.from(started.toISOString()))
    } catch (error) {
      context.log.warn({ err: error, repository }, 'index of referrers not marked complete')
    }
  }
}

function parseEntry(entry: Uint8Array, digest: Digest): Descriptor | undefined {
  try {
    const descriptor: unknown = JSON.parse(Buffer.from(entry).toString('utf8'))
    // Entries are ours and rebuildable; one that is damaged is made again from its manifest.
    return isDescriptorOf(descriptor, digest) ? descriptor : undefined
  } catch {
    return undefined
  }
}

function isDescriptorOf(value: unknown, digest: Digest): value is Descriptor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'digest' in value &&
    value.digest === digest &&
    'mediaType' in value &&
    'size' in value
  )
}
