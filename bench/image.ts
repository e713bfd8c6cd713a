import type { Payload, PayloadFactory } from './payload.ts'

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** What a client that takes every kind of image sends, as containerd and Docker do. */
export const acceptHeaders: Readonly<Record<string, string>> = {
  Accept: [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    manifestType,
    'application/vnd.oci.image.index.v1+json',
    '*/*',
  ].join(', '),
}

export interface Image {
  readonly manifest: Payload
  readonly config: Payload
  readonly layers: readonly Payload[]
}

/** An image that no server has seen, with layers of these sizes. */
export function makeImage(payloads: PayloadFactory, layerSizes: readonly number[]): Image {
  const layers = layerSizes.map((size) => payloads.make(size))
  const config = payloads.of(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      }),
    ),
  )
  const manifest = payloads.of(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: describe('application/vnd.oci.image.config.v1+json', config),
        layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
      }),
    ),
  )
  return { manifest, config, layers }
}

function describe(mediaType: string, content: Payload): object {
  return { mediaType, digest: content.digest, size: content.size }
}
