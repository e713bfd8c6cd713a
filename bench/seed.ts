import { closeSync, linkSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeImage, type Image } from './image.ts'
import type { Payload, PayloadFactory } from './payload.ts'
import type { Sizes } from './sizes.ts'
import { blobFile, layerLink, repositoryFolder, revisionLink, tagLinks } from './store-layout.ts'

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

  /** The store of the loads that read blobs, manifests and tags. */
  writeContent(root: string): void {
    for (const blob of [this.#tiny, this.#middle, this.#huge, ...this.#many]) {
      writeBlob(root, blob)
      writeLink(root, layerLink(repository, blob.digest), blob.digest)
    }
    this.#writeImageBlobs(root)
    this.#writeRepository(root, repository, [tag])
    this.#writeRepository(root, fewTags, tagNames(this.#sizes.fewTags))
    this.#writeRepository(root, manyTags, tagNames(this.#sizes.manyTags))
  }

  /** The store of the loads that list repositories. */
  writeCatalog(root: string): void {
    this.#writeImageBlobs(root)
    const links = new LinkCopies(root)
    for (const name of repositoryNames(this.#sizes.repositories))
      this.#writeRepository(root, name, [tag], links)
  }

  #writeImageBlobs(root: string): void {
    for (const blob of [this.#image.manifest, this.#image.config, ...this.#image.layers])
      writeBlob(root, blob)
  }

  #writeRepository(root: string, name: string, tags: readonly string[], links = new LinkCopies(root)): void {
    const { manifest, config, layers } = this.#image
    for (const blob of [config, ...layers]) links.write(layerLink(name, blob.digest), blob.digest)
    links.write(revisionLink(name, manifest.digest), manifest.digest)
    mkdirSync(join(root, repositoryFolder(name), '_uploads'), { recursive: true })
    for (const one of tags)
      for (const path of tagLinks(name, one, manifest.digest)) links.write(path, manifest.digest)
  }
}

export function tagNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `1.${Math.floor(index / 1000)}.${index % 1000}`)
}

/** Repositories as a company has them: a hundred to a team. */
export function repositoryNames(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `team-${String(Math.floor(index / 100)).padStart(3, '0')}/service-${index % 100}`,
  )
}

function writeBlob(root: string, blob: Payload): void {
  const path = join(root, blobFile(blob.digest))
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

function writeLink(root: string, path: string, digest: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), digest)
}

/** Writes links of equal content as hard links of one file, which is quicker and takes less room. */
class LinkCopies {
  readonly #root: string
  readonly #originals = new Map<string, { path: string; uses: number }>()

  constructor(root: string) {
    this.#root = root
  }

  write(path: string, digest: string): void {
    const original = this.#originals.get(digest)
    if (original === undefined || original.uses === linksPerFile) {
      writeLink(this.#root, path, digest)
      this.#originals.set(digest, { path: join(this.#root, path), uses: 1 })
      return
    }
    mkdirSync(dirname(join(this.#root, path)), { recursive: true })
    linkSync(original.path, join(this.#root, path))
    original.uses += 1
  }
}
