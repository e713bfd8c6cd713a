import { closeSync, existsSync, linkSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeImage, type Image } from './image.ts'
import type { Payload, PayloadFactory } from './payload.ts'
import type { Sizes } from './sizes.ts'
import { blobFile, layerLink, revisionLink, tagLink } from './store-layout.ts'

/** What is written to a store before, as far as loads need it. All but the catalog lie in one store. */
export type SeededPart = 'image' | 'large' | 'tags' | 'catalog'

/** Where the seeded content is found by the loads that read it. */
export interface Seed {
  readonly repository: string
  readonly tag: string
  readonly manifest: string
  readonly tinyBlob: string
  readonly middleBlob: string
  readonly hugeBlob: string
  readonly manyBlobs: readonly string[]
  readonly fewTags: string
  readonly manyTags: string
}

const repository = 'bench/content'
const tag = 'latest'
const fewTags = 'bench/few-tags'
const manyTags = 'bench/many-tags'
/** Below ext4's 65,000 hard links to one file. */
const linksPerFile = 60_000

/** Writes stores as a registry would have, straight to disk: the same bytes for every server. */
export class Seeder {
  readonly #sizes: Sizes
  readonly #image: Image
  readonly #tiny: Payload
  readonly #middle: Payload
  readonly #huge: Payload
  readonly #many: readonly Payload[]
  readonly #links = new LinkWriter()

  constructor(payloads: PayloadFactory, sizes: Sizes) {
    this.#sizes = sizes
    this.#image = makeImage(payloads, [4096, 8192, 4096, 16_384, 4096])
    this.#tiny = payloads.make(sizes.tinyBlob)
    this.#middle = payloads.make(sizes.middleBlob)
    this.#huge = payloads.make(sizes.hugeBlob)
    this.#many = Array.from({ length: sizes.manyBlobs.count }, () => payloads.make(sizes.manyBlobs.size))
  }

  get seed(): Seed {
    return {
      repository,
      tag,
      manifest: this.#image.manifest.digest,
      tinyBlob: this.#tiny.digest,
      middleBlob: this.#middle.digest,
      hugeBlob: this.#huge.digest,
      manyBlobs: this.#many.map((blob) => blob.digest),
      fewTags,
      manyTags,
    }
  }

  /** Writes one part into the store `root`; the parts of a store do not touch each other. */
  write(part: SeededPart, root: string): void {
    switch (part) {
      case 'image':
        this.#writeBlobs(root, [this.#tiny])
        return this.#writeImage(root, repository, [tag])
      case 'large':
        return this.#writeBlobs(root, [this.#middle, this.#huge, ...this.#many])
      case 'tags':
        this.#writeImage(root, fewTags, tagNames(this.#sizes.fewTags))
        return this.#writeImage(root, manyTags, tagNames(this.#sizes.manyTags))
      case 'catalog':
        for (const name of repositoryNames(this.#sizes.repositories)) this.#writeImage(root, name, [tag])
    }
  }

  #writeBlobs(root: string, blobs: readonly Payload[]): void {
    for (const blob of blobs) {
      writeBlob(root, blob)
      this.#links.write(root, layerLink(repository, blob.digest), blob.digest)
    }
  }

  #writeImage(root: string, name: string, tags: readonly string[]): void {
    const { manifest, config, layers } = this.#image
    for (const blob of [manifest, config, ...layers]) writeBlob(root, blob)
    for (const { digest } of [config, ...layers]) this.#links.write(root, layerLink(name, digest), digest)
    this.#links.write(root, revisionLink(name, manifest.digest), manifest.digest)
    for (const one of tags) this.#links.write(root, tagLink(name, one), manifest.digest)
  }
}

export function tagNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `1.${Math.floor(index / 1000)}.${index % 1000}`)
}

/**
 * Nine tenths of the repositories lie in one folder, the last tenth in folders of a hundred: a first page is of the one
 * kind, a last page of the other. In the order of a catalog.
 */
export function repositoryNames(count: number): string[] {
  const inOne = Math.floor(count * 0.9)
  return Array.from({ length: count }, (_, index) => {
    if (index < inOne) return `library/service-${digits(index, 5)}`
    const other = index - inOne
    return `team-${digits(Math.floor(other / 100), 3)}/service-${digits(other % 100, 2)}`
  })
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

function writeBlob(root: string, blob: Payload): void {
  const path = join(root, blobFile(blob.digest))
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'w')
  try {
    for (const part of blob.plain()) {
      for (let written = 0; written < part.length;) written += writeSync(file, part, written)
    }
  } finally {
    closeSync(file)
  }
}

/** Writes links of equal content as hard links of one file, which is quicker and takes less room. */
class LinkWriter {
  readonly #originals = new Map<string, { path: string; uses: number }>()

  write(root: string, path: string, digest: string): void {
    const target = join(root, path)
    mkdirSync(dirname(target), { recursive: true })
    const key = `${root} ${digest}`
    const original = this.#originals.get(key)
    if (original === undefined || original.uses === linksPerFile) {
      writeFileSync(target, digest)
      this.#originals.set(key, { path: target, uses: 1 })
      return
    }
    linkSync(original.path, target)
    original.uses += 1
  }
}
