import { connect } from 'node:net'
import { once } from 'node:events'
import { http, type HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export interface Manifest extends Descriptor {
  readonly content: Buffer
}

const octets = { 'Content-Type': 'application/octet-stream' }

export const anyManifest: string = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerList,
].join(', ')

/** A client that every registry understands. It throws when an answer is not the one that all of them give. */
export class Pusher {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async blob(repository: string, content: Buffer, algorithm = 'sha256'): Promise<string> {
    const digest = digestOf(content, algorithm)
    const location = await this.start(repository)
    await this.commit(location, digest, content)
    return digest
  }

  /** In pieces, by PATCH. */
  async pieces(repository: string, pieces: readonly Buffer[]): Promise<string> {
    let location = await this.start(repository)
    for (const piece of pieces) location = await this.patch(location, piece)
    const digest = digestOf(Buffer.concat(pieces))
    await this.commit(location, digest)
    return digest
  }

  /** @returns where to go on */
  async start(repository: string): Promise<string> {
    const answer = await this.#send('POST', `/v2/${repository}/blobs/uploads/`, 202)
    return this.#next(answer)
  }

  async patch(location: string, content: Buffer): Promise<string> {
    return this.#next(await this.#send('PATCH', location, 202, { headers: octets, body: content }))
  }

  async commit(location: string, digest: string, content?: Buffer): Promise<void> {
    const url = new URL(location, this.#url)
    url.searchParams.set('digest', digest)
    await this.#send('PUT', url.href, 201, {
      headers: octets,
      ...(content && { body: content }),
    })
  }

  async cancel(location: string): Promise<void> {
    await this.#send('DELETE', location, 204)
  }

  /** Sends a part of what it promises, and goes away. */
  async breakOff(location: string, content: Buffer): Promise<void> {
    const url = new URL(location, this.#url)
    const socket = connect(Number(url.port), url.hostname)
    socket.on('error', () => {})
    const head =
      `PATCH ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: ${content.length + 1000}\r\n\r\n`
    socket.write(head)
    socket.end(content)
    socket.resume()
    await once(socket, 'close')
  }

  async mount(repository: string, digest: string, from: string): Promise<void> {
    await this.#send('POST', `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${from}`, 201)
  }

  async manifest(repository: string, manifest: Manifest, tag?: string): Promise<void> {
    await this.#send('PUT', `/v2/${repository}/manifests/${tag ?? manifest.digest}`, 201, {
      headers: { 'Content-Type': manifest.mediaType },
      body: manifest.content,
    })
  }

  /** @param what `manifests/TAG`, `manifests/DIGEST` or `blobs/DIGEST` */
  async delete(repository: string, what: string): Promise<void> {
    await this.#send('DELETE', `/v2/${repository}/${what}`, 202)
  }

  #next(answer: HttpResponse): string {
    const { location } = answer.headers
    if (location === undefined) throw new Error(`no Location in ${answer.status}`)
    return new URL(location, this.#url).href
  }

  async #send(
    method: string,
    path: string,
    status: number,
    options: Parameters<typeof http>[2] = {},
  ): Promise<HttpResponse> {
    const url = new URL(path, this.#url).href
    const answer = await http(method, url, options)
    if (answer.status !== status)
      throw new Error(`${method} ${url}: ${answer.status}, not ${status}: ${answer.body.toString()}`)
    return answer
  }
}

const ociConfig = 'application/vnd.oci.image.config.v1+json'

export interface ImageParts {
  readonly config: Buffer
  readonly layers: readonly Buffer[]
  readonly subject?: Descriptor
  /** Docker's schema 2 instead of OCI's form. */
  readonly docker?: boolean
}

export function imageOf({ config, layers, subject, docker = false }: ImageParts): Manifest {
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest
  const configType = docker ? 'application/vnd.docker.container.image.v1+json' : ociConfig
  const layerType = docker ? 'application/vnd.docker.image.rootfs.diff.tar.gzip' : mediaTypes.ociLayerGzip
  return manifestOf(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: configType, ...described(config) },
    layers: layers.map((layer) => ({ mediaType: layerType, ...described(layer) })),
    ...(subject && { subject: descriptorOf(subject), artifactType: 'application/vnd.example.note' }),
  })
}

export function indexOf(children: readonly Descriptor[], docker = false): Manifest {
  const mediaType = docker ? mediaTypes.dockerList : mediaTypes.ociIndex
  const architectures = ['amd64', 'arm64', 's390x']
  return manifestOf(mediaType, {
    schemaVersion: 2,
    mediaType,
    manifests: children.map((child, position) => ({
      ...descriptorOf(child),
      platform: { os: 'linux', architecture: architectures[position] },
    })),
  })
}

export function configOf(name: string): Buffer {
  return Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Labels: { name } } }))
}

function manifestOf(mediaType: string, value: object): Manifest {
  // Not as JSON.stringify has it: bytes must come back as they were.
  const content = Buffer.from(`${JSON.stringify(value, undefined, 3)}\n`)
  return { mediaType, ...described(content), content }
}

function described(content: Buffer): { digest: string; size: number } {
  return { digest: digestOf(content), size: content.length }
}

function descriptorOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size }
}
