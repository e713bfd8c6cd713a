import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type S3Proxy, startS3Proxy, type WholeAnswer } from '../support/s3-proxy.ts'
import { seededBytes } from '../support/seeded.ts'
import { type PushedManifest, pushImage, Refused } from './client.ts'
import { isFull, newRoot, type Rig, startOn } from './rig.ts'
import { assertSound } from './sound.ts'

/**
 * Amazon's S3 (since December 2020), Google's and Azure's stores and Ceph within a zone list what was written at once. Not so, by their
 * documentation: Swift's listings of containers, StorageGRID with the consistency `available`, and whatever is replicated between
 * sites. There a push may be refused; what is acknowledged must be right all the same.
 */
export function describeLists(current: () => Rig): void {
  describe('when listings lack what was written', { concurrency: 1 }, () => {
    for (const what of ['the last of three segments', 'what is younger than a second'] as const)
      it(`acknowledges nothing that is not whole: ${what}`, async () => {
        const rig = current()
        const root = newRoot(rig)
        const proxy = await startS3Proxy(rig.server.port)
        const registry = await startOn(root, { endpoint: proxy.url })
        try {
          const written = new Map<string, number>()
          let dropped = 0
          hide(proxy, written, (key, segment) => {
            const isYoung = Date.now() - (written.get(key) ?? 0) < 1_000
            const isLacking = what === 'what is younger than a second' ? isYoung : segment === 3
            if (isLacking) dropped++
            return isLacking
          })
          const acknowledged: PushedManifest[] = []
          for (let number = 0; number < (isFull ? 40 : 4); number++)
            for (const way of ['patch', 'chunks', 'post'] as const) {
              const name = `${way}-${number}`
              const blobs = [seededBytes(`${what}/${name}/c`, 99), seededBytes(`${what}/${name}/l`, 3_001)]
              try {
                acknowledged.push(await pushImage(registry.url, name, 'v1', blobs, { way, within: 0 }))
              } catch (error) {
                assert.ok(error instanceof Refused, String(error))
              }
            }
          assert.ok(dropped > 0, 'names were dropped')
          proxy.fate = () => undefined
          assert.ok(acknowledged.length > 0)
          await assertSound(root, registry.url, acknowledged)
        } finally {
          await registry.stop()
          await proxy.close()
        }
      })
  })
}

/** Has listings lack some keys, of which `lacks` is told the number among their segments; remembers when each was written. */
function hide(
  proxy: S3Proxy,
  written: Map<string, number>,
  lacks: (key: string, segment: number) => boolean,
): void {
  proxy.fate = ({ method, url = '' }) => {
    const key = decodeURIComponent(url.replace(/^\/[^/]+\//, '').replace(/\?.*/, ''))
    if (method === 'PUT') written.set(key, Date.now())
    if (method !== 'GET' || !url.includes('list-type=2')) return undefined
    return {
      rewrite: (answer: WholeAnswer) => {
        let segments = 0
        const body = answer.body
          .toString()
          .replaceAll(/<Contents><Key>([^<]*)<\/Key>.*?<\/Contents>/g, (all: string, name: string) =>
            lacks(name, name.includes('/segment-') ? ++segments : 0) ? '' : all,
          )
        return { ...answer, body: Buffer.from(body) }
      },
    }
  }
}
