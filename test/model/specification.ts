import { mediaTypes } from '../support/images.ts'
import type { Expected, ModelAnswer, ModelRequest } from './answer.ts'
import {
  blobAt,
  chunkOf,
  deleteValue,
  failure,
  jsonOf,
  malformed,
  manifestAt,
  multipart,
  page,
  pageFaults,
  putDigest,
  queryOf,
  satisfiable,
  statusHeaders,
  textOf,
  unknownUpload,
  type ChunkParts,
  type Descriptor,
  type Upload,
} from './expectations.ts'
import { allBlobs, digestOf, fallbackTag, manifests, names, type ManifestSource } from './materials.ts'
import type { Chunk, ManifestReference, Operation, UploadChoice } from './operations.ts'

/**
 * A registry that is slow, forgetful and obvious: what the specification says, over a few maps. It says which request an
 * operation makes, and which answers to it are right.
 */

export interface Step {
  readonly request: ModelRequest
  /** Any of them is right: which of several faults a registry sees first is its own affair. */
  readonly expected: readonly Expected[]
}

interface Repository {
  /** By every digest that names them; see `visible`. */
  readonly blobs: Map<string, Buffer>
  readonly manifests: Map<string, ManifestSource>
  /** Other digests of manifests. */
  readonly aliases: Map<string, string>
  readonly tags: Map<string, string>
}

const noUpload = '00000000-0000-4000-8000-000000000000'
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const octets = { 'Content-Type': 'application/octet-stream' }

export class Specification {
  readonly #repositories = new Map<string, Repository>()
  readonly #uploads: Upload[] = []

  /** The requests of an operation. Each is made once the answer to the one before has been told. */
  steps(operation: Operation): Iterable<Step> {
    switch (operation.kind) {
      case 'start':
        return [this.#start(operation)]
      case 'post':
        return [this.#post(operation)]
      case 'mount':
        return [this.#mount(operation)]
      case 'patch':
        return [this.#patch(operation)]
      case 'put':
        return [this.#put(operation)]
      case 'status':
        return [this.#status(operation)]
      case 'cancel':
        return [this.#cancel(operation)]
      case 'getBlob':
        return [this.#getBlob(operation)]
      case 'deleteBlob':
        return [this.#deleteBlob(operation)]
      case 'putManifest':
        return [this.#putManifest(operation)]
      case 'getManifest':
        return [this.#getManifest(operation)]
      case 'deleteManifest':
        return [this.#deleteManifest(operation)]
      case 'tags':
        return [this.#listTags(operation)]
      case 'catalog':
        return [this.#listRepositories(operation)]
      case 'referrers':
        return [this.#listReferrers(operation)]
      case 'pushBlobs':
        return this.#pushBlobs(operation)
      case 'pushManifests':
        return this.#pushManifests(operation)
      case 'restart':
        // Changes nothing that anybody can see.
        break
    }
    return []
  }

  *#pushBlobs(operation: Extract<Operation, { kind: 'pushBlobs' }>): Generator<Step, void, undefined> {
    for (const blob of allBlobs.keys()) {
      yield this.#post({
        kind: 'post',
        name: operation.name,
        blob,
        algorithm: blob === 3 ? 'sha512' : 'sha256',
        fault: 'none',
      })
    }
  }

  *#pushManifests(
    operation: Extract<Operation, { kind: 'pushManifests' }>,
  ): Generator<Step, void, undefined> {
    for (const [manifest, source] of manifests.entries()) {
      if (!source.valid) continue
      yield this.#putManifest({
        kind: 'putManifest',
        name: operation.name,
        manifest,
        reference: { of: manifest, algorithm: 'sha256' },
        tags: manifest === manifests.length - 1 ? [fallbackTag] : [],
      })
    }
  }

  #start({ name, algorithm }: Extract<Operation, { kind: 'start' }>): Step {
    const query = algorithm === undefined ? '' : `?digest-algorithm=${algorithm}`
    const known = algorithm === undefined || algorithm === 'sha256' || algorithm === 'sha512'
    return {
      request: { method: 'POST', path: `/v2/${name}/blobs/uploads/${query}`, headers: {} },
      expected: [known ? this.#started(name) : failure(400, 'DIGEST_INVALID')],
    }
  }

  #post({ name, blob, algorithm, fault }: Extract<Operation, { kind: 'post' }>): Step {
    const content = blobAt(blob)
    const digest = digestOf(content, algorithm)
    const said = fault === 'digest' ? 'sha256:short' : digest
    const body = fault === 'body' ? Buffer.concat([content, Buffer.from('!')]) : content
    return {
      request: {
        method: 'POST',
        path: `/v2/${name}/blobs/uploads/?digest=${said}`,
        headers: octets,
        body,
      },
      expected: [fault === 'none' ? this.#blobStored(name, digest, content) : failure(400, 'DIGEST_INVALID')],
    }
  }

  #mount({ name, blob, algorithm, from }: Extract<Operation, { kind: 'mount' }>): Step {
    const content = blobAt(blob)
    const digest = digestOf(content, algorithm)
    const query = from === undefined ? '' : `&from=${encodeURIComponent(from)}`
    const request = {
      method: 'POST',
      path: `/v2/${name}/blobs/uploads/?mount=${digest}${query}`,
      headers: {},
    }
    const mounted = this.#blobStored(name, digest, content)
    const started = this.#started(name)
    if (from !== undefined) {
      return { request, expected: [visible(this.#find(from), digest) !== undefined ? mounted : started] }
    }
    const family = `${name.split('/', 1)[0]}/`
    const others = [...this.#repositories].filter(
      ([other, repository]) => other !== name && visible(repository, digest) !== undefined,
    )
    const neighbours = others.filter(
      ([other, { manifests: stored }]) => other.startsWith(family) && stored.size > 0,
    )
    // Neighbours must be found, others may.
    if (neighbours.length > 0) return { request, expected: [mounted] }
    return { request, expected: others.length > 0 ? [mounted, started] : [started] }
  }

  #patch(operation: Extract<Operation, { kind: 'patch' }>): Step {
    const { upload, name, id } = this.#choose(operation)
    const { bytes, headers, faults } = chunkOf(operation, upload)
    if (operation.contentType === 'text/plain') faults.push(failure(400, 'BLOB_UPLOAD_INVALID'))
    const request = {
      method: 'PATCH',
      path: `/v2/${name}/blobs/uploads/${id}`,
      headers: {
        ...headers,
        ...(operation.contentType !== undefined && { 'Content-Type': operation.contentType }),
      },
      body: bytes,
      chunked: operation.chunked,
    }
    if (upload === undefined) return { request, expected: unknownUpload(faults) }
    if (faults.length > 0) return { request, expected: faults }
    const after = Buffer.concat([upload.bytes, bytes])
    return {
      request,
      expected: [
        {
          status: 202,
          headers: statusHeaders(upload, after.length),
          effect: () => (upload.bytes = after),
        },
      ],
    }
  }

  #put(operation: Extract<Operation, { kind: 'put' }>): Step {
    const { upload, name, id } = this.#choose(operation)
    const isChunk = 'blob' in operation
    const { bytes, headers, faults }: Partial<ChunkParts> & Omit<ChunkParts, 'bytes'> = isChunk
      ? chunkOf(operation as Chunk, upload)
      : { headers: {}, faults: [] }
    const whole = Buffer.concat([upload?.bytes ?? Buffer.alloc(0), bytes ?? Buffer.alloc(0)])
    const digest = putDigest(operation.digest, whole)
    const request = {
      method: 'PUT',
      path: `/v2/${name}/blobs/uploads/${id}${digest === undefined ? '' : `?digest=${digest}`}`,
      headers: { ...headers, ...octets },
      ...(bytes !== undefined && { body: bytes }),
      chunked: operation.chunked ?? false,
    }
    if (operation.digest === 'missing' || operation.digest === 'malformed')
      faults.push(failure(400, 'DIGEST_INVALID'))
    if (upload === undefined) return { request, expected: unknownUpload(faults) }
    if (faults.length > 0) return { request, expected: faults }
    const end = (): void => {
      upload.open = false
    }
    // Bytes that are not what the client takes them for are of no use to it: that upload has ended.
    if (operation.digest === 'other')
      return { request, expected: [{ ...failure(400, 'DIGEST_INVALID'), effect: end }] }
    const stored = this.#blobStored(name, digest ?? '', whole)
    return {
      request,
      expected: [
        {
          ...stored,
          effect: (answer) => {
            stored.effect?.(answer)
            end()
          },
        },
      ],
    }
  }

  #status(operation: Extract<Operation, { kind: 'status' }>): Step {
    const { upload, name, id } = this.#choose(operation)
    const request = { method: operation.method, path: `/v2/${name}/blobs/uploads/${id}`, headers: {} }
    if (upload === undefined) return { request, expected: unknownUpload([]) }
    return {
      request,
      expected: [{ status: 204, headers: statusHeaders(upload, upload.bytes.length) }],
    }
  }

  #cancel(operation: Extract<Operation, { kind: 'cancel' }>): Step {
    const { upload, name, id } = this.#choose(operation)
    const request = { method: 'DELETE', path: `/v2/${name}/blobs/uploads/${id}`, headers: {} }
    if (upload === undefined) return { request, expected: unknownUpload([]) }
    return {
      request,
      expected: [
        {
          status: 204,
          headers: { 'docker-upload-uuid': id },
          effect: () => (upload.open = false),
        },
      ],
    }
  }

  #getBlob(operation: Extract<Operation, { kind: 'getBlob' }>): Step {
    const { method, name, blob, algorithm, range, ifNoneMatch } = operation
    const digest = digestOf(blobAt(blob), algorithm)
    const etag = `"${digest}"`
    const request = {
      method,
      path: `/v2/${name}/blobs/${digest}`,
      headers: {
        ...(range !== undefined && { Range: range }),
        ...(ifNoneMatch !== undefined && { 'If-None-Match': ifNoneMatch === 'same' ? etag : '"other"' }),
      },
    }
    const content = visible(this.#find(name), digest)
    if (content === undefined) return { request, expected: [failure(404, 'BLOB_UNKNOWN', digest)] }
    const headers = {
      'docker-content-digest': digest,
      etag,
      'accept-ranges': 'bytes',
      'cache-control': 'max-age=31536000',
    }
    if (ifNoneMatch === 'same') return { request, expected: [{ status: 304, headers }] }
    const ranges = method === 'HEAD' ? undefined : satisfiable(range, content.length)
    const all = { ...headers, 'content-type': 'application/octet-stream' }
    if (ranges === undefined)
      return {
        request,
        expected: [{ status: 200, headers: { ...all, 'content-range': undefined }, body: content }],
      }
    const [first, ...others] = ranges
    if (first === undefined) {
      const unsatisfied = failure(416, 'RANGE_INVALID')
      return {
        request,
        expected: [{ ...unsatisfied, headers: { 'content-range': `bytes */${content.length}` } }],
      }
    }
    if (others.length === 0) {
      const where = { 'content-range': `bytes ${first[0]}-${first[1]}/${content.length}` }
      return {
        request,
        expected: [
          { status: 206, headers: { ...all, ...where }, body: content.subarray(first[0], first[1] + 1) },
        ],
      }
    }
    const type = /^multipart\/byteranges; boundary=[^ ]+$/
    return {
      request,
      expected: [
        {
          status: 206,
          headers: { ...headers, 'content-type': type },
          body: (answer: ModelAnswer) => multipart(answer, content, ranges),
        },
      ],
    }
  }

  #deleteBlob({ name, blob, algorithm }: Extract<Operation, { kind: 'deleteBlob' }>): Step {
    const digest = digestOf(blobAt(blob), algorithm)
    const repository = this.#find(name)
    const content = visible(repository, digest)
    return {
      request: { method: 'DELETE', path: `/v2/${name}/blobs/${digest}`, headers: {} },
      expected: [
        content !== undefined
          ? {
              status: 202,
              body: Buffer.alloc(0),
              effect: () => [digest, digestOf(content)].map((each) => repository?.blobs.delete(each)),
            }
          : failure(404, 'BLOB_UNKNOWN'),
      ],
    }
  }

  #putManifest(operation: Extract<Operation, { kind: 'putManifest' }>): Step {
    const { name, reference, tags } = operation
    const source = manifestAt(operation.manifest)
    const canonical = digestOf(source.content)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const request = {
      method: 'PUT',
      path: `/v2/${name}/manifests/${textOf(reference)}${query === '' ? '' : `?${query}`}`,
      headers: { 'Content-Type': source.mediaType },
      body: source.content,
    }
    const faults = malformed(reference)
    if (!source.valid) faults.push(failure(400, 'MANIFEST_INVALID'))
    let named = canonical
    if ('of' in reference) {
      named = textOf(reference)
      if (digestOf(source.content, reference.algorithm) !== named) faults.push(failure(400, 'DIGEST_INVALID'))
    }
    if (source.valid) {
      const missing = this.#missing(name, source)
      if (missing.length > 0) faults.push({ status: 400, errors: missing })
    }
    if (faults.length > 0) return { request, expected: faults }

    const { subject } = jsonOf(source)
    return {
      request,
      expected: [
        {
          status: 201,
          headers: {
            location: `/v2/${name}/manifests/${named}`,
            'docker-content-digest': named,
            'oci-subject': subject?.digest,
            'oci-tag': tags.length === 0 ? undefined : tags.join(', '),
          },
          body: Buffer.alloc(0),
          effect: () => {
            const repository = this.#repository(name)
            repository.manifests.set(canonical, source)
            if (named !== canonical) repository.aliases.set(named, canonical)
            for (const tag of tags) repository.tags.set(tag, canonical)
            if ('tag' in reference) repository.tags.set(reference.tag, canonical)
          },
        },
      ],
    }
  }

  #getManifest(operation: Extract<Operation, { kind: 'getManifest' }>): Step {
    const { method, name, reference, accept, ifNoneMatch } = operation
    const found = this.#negotiate(name, reference, accept)
    const etag = 'digest' in found ? `"${found.digest}"` : '"sha256:none"'
    const request = {
      method,
      path: `/v2/${name}/manifests/${textOf(reference)}`,
      headers: {
        ...(accept !== undefined && { Accept: accept }),
        ...(ifNoneMatch && { 'If-None-Match': etag }),
      },
    }
    const faults = malformed(reference)
    if (faults.length > 0) return { request, expected: faults }
    if (!('digest' in found)) return { request, expected: [found] }
    const headers = { 'docker-content-digest': found.digest, etag }
    if (ifNoneMatch) return { request, expected: [{ status: 304, headers }] }
    const type = { 'content-type': found.source.mediaType }
    return {
      request,
      expected: [{ status: 200, headers: { ...headers, ...type }, body: found.source.content }],
    }
  }

  #deleteManifest({ name, reference }: Extract<Operation, { kind: 'deleteManifest' }>): Step {
    const request = { method: 'DELETE', path: `/v2/${name}/manifests/${textOf(reference)}`, headers: {} }
    const faults = malformed(reference)
    if (faults.length > 0) return { request, expected: faults }
    const found = this.#resolve(name, reference)
    if (found === undefined) return { request, expected: [failure(404, 'MANIFEST_UNKNOWN')] }
    const repository = this.#repository(name)
    return {
      request,
      expected: [
        {
          status: 202,
          body: Buffer.alloc(0),
          effect: () => {
            if ('tag' in reference) {
              repository.tags.delete(reference.tag)
              return
            }
            const canonical = digestOf(found.source.content)
            repository.manifests.delete(canonical)
            deleteValue(repository.tags, canonical)
            // Other names of it mean nothing now, and something again once it is pushed again.
          },
        },
      ],
    }
  }

  #listTags({ name, n, last }: Extract<Operation, { kind: 'tags' }>): Step {
    const path = `/v2/${name}/tags/list`
    const request = { method: 'GET', path: path + queryOf({ n, last }), headers: {} }
    const repository = this.#find(name)
    const faults = pageFaults(n)
    if (repository === undefined || repository.manifests.size === 0)
      faults.push(failure(404, 'NAME_UNKNOWN', { name }))
    if (faults.length > 0) return { request, expected: faults }
    const { items, link } = page([...(repository?.tags.keys() ?? [])], path, { n, last })
    return { request, expected: [{ status: 200, headers: { link }, body: { name, tags: items } }] }
  }

  #listRepositories({ n, last }: Extract<Operation, { kind: 'catalog' }>): Step {
    const path = '/v2/_catalog'
    const request = { method: 'GET', path: path + queryOf({ n, last }), headers: {} }
    const faults = pageFaults(n)
    if (faults.length > 0) return { request, expected: faults }
    const all = [...this.#repositories]
      .filter(([, repository]) => repository.manifests.size > 0)
      .map(([name]) => name)
    const { items, link } = page(all, path, { n, last })
    return { request, expected: [{ status: 200, headers: { link }, body: { repositories: items } }] }
  }

  #listReferrers(operation: Extract<Operation, { kind: 'referrers' }>): Step {
    const { name, subject, artifactType, n, last } = operation
    const path = `/v2/${name}/referrers/${subject}`
    const request = { method: 'GET', path: path + queryOf({ artifactType, n, last }), headers: {} }
    const faults = pageFaults(n)
    if (faults.length > 0) return { request, expected: faults }
    const descriptors = new Map<string, unknown>()
    for (const [digest, source] of this.#find(name)?.manifests ?? []) {
      const json = jsonOf(source)
      const type = json.artifactType ?? json.config?.mediaType
      if (json.subject?.digest !== subject || (artifactType !== undefined && type !== artifactType)) continue
      descriptors.set(digest, {
        mediaType: source.mediaType,
        digest,
        size: source.content.length,
        ...(type !== undefined && { artifactType: type }),
        ...(json.annotations && { annotations: json.annotations }),
      })
    }
    const { items, link } = page([...descriptors.keys()], path, { n, last }, { artifactType })
    return {
      request,
      expected: [
        {
          status: 200,
          headers: {
            link,
            'content-type': mediaTypes.ociIndex,
            'oci-filters-applied': artifactType === undefined ? undefined : 'artifactType',
          },
          body: {
            schemaVersion: 2,
            mediaType: mediaTypes.ociIndex,
            manifests: items.map((digest) => descriptors.get(digest)),
          },
        },
      ],
    }
  }

  #find(name: string): Repository | undefined {
    return this.#repositories.get(name)
  }

  #repository(name: string): Repository {
    let repository = this.#repositories.get(name)
    if (repository === undefined) {
      repository = { blobs: new Map(), manifests: new Map(), aliases: new Map(), tags: new Map() }
      this.#repositories.set(name, repository)
    }
    return repository
  }

  #started(name: string): Expected {
    return {
      status: 202,
      headers: {
        location: new RegExp(`^/v2/${name}/blobs/uploads/[0-9a-f-]{36}$`),
        'docker-upload-uuid': uuid,
        range: '0-0',
      },
      body: Buffer.alloc(0),
      effect: ({ headers }) => {
        const id = String(headers['docker-upload-uuid'])
        this.#uploads.push({ name, id, bytes: Buffer.alloc(0), open: true })
      },
    }
  }

  /** A blob becomes visible under the digest that the client named and the one that it is stored under. */
  #blobStored(name: string, digest: string, content: Buffer): Expected {
    return {
      status: 201,
      headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
      body: Buffer.alloc(0),
      effect: () => {
        this.#repository(name).blobs.set(digest, content)
        this.#repository(name).blobs.set(digestOf(content), content)
      },
    }
  }

  /** An upload and where the request looks for it; without upload where there is none. */
  #choose({ upload: number, foreign }: UploadChoice): {
    upload?: Upload | undefined
    name: string
    id: string
  } {
    const upload = this.#uploads.at(number < 0 ? number : number % Math.max(this.#uploads.length, 1))
    if (upload === undefined) return { name: 'a', id: noUpload }
    const name = foreign ? (names.find((other) => other !== upload.name) ?? '') : upload.name
    return { upload: upload.open && !foreign ? upload : undefined, name, id: upload.id }
  }

  #missing(name: string, source: ManifestSource): { code: string; detail?: unknown }[] {
    const repository = this.#find(name)
    const { config, layers, manifests: children } = jsonOf(source)
    const sizes = new Map<Descriptor, number | undefined>()
    for (const blob of [config, ...(layers ?? [])])
      if (blob !== undefined) sizes.set(blob, visible(repository, blob.digest)?.length)
    for (const child of children ?? []) {
      const found = repository?.manifests.get(child.digest)?.content ?? visible(repository, child.digest)
      sizes.set(child, found?.length)
    }
    const errors = new Map<string, { code: string; detail?: unknown }>()
    for (const [{ digest, size, mediaType }, actual] of sizes) {
      if (actual === undefined) {
        if (!mediaType.includes('nondistributable'))
          errors.set(digest, { code: 'MANIFEST_BLOB_UNKNOWN', detail: digest })
      } else if (actual !== size) errors.set(digest, { code: 'MANIFEST_INVALID' })
    }
    return [...errors.values()]
  }

  #resolve(
    name: string,
    reference: ManifestReference,
  ): { readonly digest: string; readonly source: ManifestSource } | undefined {
    const repository = this.#find(name)
    if (repository === undefined || 'malformed' in reference) return undefined
    const digest = 'tag' in reference ? repository.tags.get(reference.tag) : textOf(reference)
    const source = repository.manifests.get(repository.aliases.get(digest ?? '') ?? digest ?? '')
    return digest === undefined || source === undefined ? undefined : { digest, source }
  }

  /** What Distribution 3 gives clients that name exact types, the stored one not among them. */
  #negotiate(
    name: string,
    reference: ManifestReference,
    accept: string | undefined,
  ): { readonly digest: string; readonly source: ManifestSource } | Expected {
    const found = this.#resolve(name, reference)
    if (found === undefined) return failure(404, 'MANIFEST_UNKNOWN')
    const { mediaType } = found.source
    if (accept === undefined || accept.includes('*') || accept.includes(mediaType)) return found
    if (mediaType === mediaTypes.ociManifest) return failure(404, 'MANIFEST_UNKNOWN')
    if (mediaType !== mediaTypes.dockerList || !('tag' in reference)) return found
    const digest = jsonOf(found.source).manifests?.find(
      ({ platform }) => platform?.architecture === 'amd64' && platform.os === 'linux',
    )?.digest
    const source = this.#find(name)?.manifests.get(digest ?? '')
    if (digest === undefined || source === undefined) return failure(404, 'MANIFEST_UNKNOWN')
    return accept.includes(source.mediaType) ? { digest, source } : failure(400, 'MANIFEST_INVALID')
  }
}

/** A blob is found by another digest only while it is there under the one that it is stored under. */
function visible(repository: Repository | undefined, digest: string): Buffer | undefined {
  const content = repository?.blobs.get(digest)
  return content !== undefined && repository?.blobs.has(digestOf(content)) === true ? content : undefined
}
