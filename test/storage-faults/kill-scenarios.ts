import assert from 'node:assert/strict'
import { http } from '../support/http.ts'
import { readImage } from '../support/registry-content.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { persistently, type PushedManifest, pushBlob, pushImage, pushManifest } from './client.ts'

/** Something that a client does, while whose requests to the store the registry is killed. */
export interface Scenario {
  readonly name: string
  /** Also in continuous integration, at some of its requests. */
  readonly inShort?: boolean
  /** @param url of a registry that lives */
  prepare(url: string, repository: string): Promise<Prepared>
}

export interface Prepared {
  /** Does it; what is acknowledged on the way is added to `acknowledged`. */
  act(url: string): Promise<void>
  /** Looks after the kill, at what must be true though nobody acknowledged it. */
  look?(url: string): Promise<void>
  /** Does it again, to its end. */
  again(url: string): Promise<void>
  /** What can be pulled by its tag and its digest. */
  readonly acknowledged: PushedManifest[]
}

const mib = 1024 ** 2

export const scenarios: readonly Scenario[] = [
  // The layer takes several requests, and is copied in parts.
  { ...pushing('large push', 5.2 * mib, 'patch'), inShort: true },
  pushing('push', 2_000, 'patch'),
  pushing('push in one request', 2_000, 'post'),
  pushing('push in chunks', 3_000, 'chunks'),
  {
    name: 'tag that moves',
    inShort: true,
    async prepare(url, repository) {
      const [old, young] = [blobsOf(`${repository}/old`, 500), blobsOf(`${repository}/young`, 500)]
      const first = await pushImage(url, repository, 'latest', old)
      for (const blob of young) await pushBlob(url, repository, blob, 'post')
      const acknowledged: PushedManifest[] = []
      return {
        acknowledged,
        act: async (victim) => {
          acknowledged.push(await pushManifest(victim, repository, 'latest', young))
        },
        look: async (living) => {
          // Whichever it is, it is whole; and the old one was never taken back.
          await readImage(living, repository, 'latest')
          await readImage(living, repository, first.digest)
        },
        again: async (living) => {
          acknowledged.splice(0, 1, await pushImage(living, repository, 'latest', young))
        },
      }
    },
  },
  {
    name: 'deletes',
    inShort: true,
    async prepare(url, repository) {
      const [doomed, kept] = [blobsOf(`${repository}/doomed`, 500), blobsOf(`${repository}/kept`, 500)]
      const shared = seededBytes(`${repository}/shared`, 300)
      const first = await pushImage(url, repository, 'doomed', [...doomed, shared])
      const second = await pushImage(url, repository, 'kept', [...kept, shared])
      const deleteAll = async (base: string): Promise<void> => {
        const places = [`manifests/${first.digest}`, `blobs/${digestOf(doomed[1] ?? '')}`]
        for (const place of places) {
          const { status } = await http('DELETE', `${base}/v2/${repository}/${place}`)
          assert.ok(status === 202 || status === 404, `${place}: ${status}`)
        }
      }
      return {
        acknowledged: [second],
        act: deleteAll,
        look: async (living) => {
          const { status } = await http('GET', `${living}/v2/${repository}/manifests/doomed`)
          // A layer goes only after the manifest.
          if (status === 200) await readImage(living, repository, 'doomed')
        },
        again: async (living) => {
          await deleteAll(living)
          // A registry may overlook for 5 s what another one deleted (stored/presence.ts).
          await persistently(8_000, async () => {
            for (const reference of ['doomed', first.digest]) {
              const { status } = await http('GET', `${living}/v2/${repository}/manifests/${reference}`)
              assert.equal(status, 404, reference)
            }
          })
        },
      }
    },
  },
]

function pushing(name: string, size: number, way: 'patch' | 'post' | 'chunks'): Scenario {
  return {
    name,
    async prepare(_url, repository) {
      const blobs = blobsOf(repository, size)
      const acknowledged: PushedManifest[] = []
      return {
        acknowledged,
        act: async (url) => {
          for (const blob of blobs) await pushBlob(url, repository, blob, way)
          acknowledged.push(await pushManifest(url, repository, 'v1', blobs))
        },
        again: async (url) => {
          acknowledged.splice(0, 1, await pushImage(url, repository, 'v1', blobs, { way }))
        },
      }
    },
  }
}

/** A configuration and a layer. */
function blobsOf(seed: string, size: number): readonly Buffer[] {
  return [seededBytes(`${seed}/config`, 100), seededBytes(`${seed}/layer`, size)]
}
