import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readImage } from '../support/registry-content.ts'
import { s3Error, startS3Proxy } from '../support/s3-proxy.ts'
import { seededBytes } from '../support/seeded.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { pushImage } from './client.ts'
import { isFull, newRoot, type Rig, startOn } from './rig.ts'
import { assertSound } from './sound.ts'

const mib = 1024 ** 2

/** The store, or the way to it, is bad for a while and then good again. */
export function describeWeather(current: () => Rig): void {
  describe('when the store is bad for a while', { concurrency: 1 }, () => {
    it('loses nothing while the store asks it to slow down, or fails', async () => {
      const rig = current()
      const root = newRoot(rig)
      const proxy = await startS3Proxy(rig.server.port)
      const registry = await startOn(root, { endpoint: proxy.url })
      try {
        const before = await pushImage(registry.url, 'calm', 'v1', blobsOf('calm', 1_000))
        const until = Date.now() + (isFull ? 60_000 : 2_500)
        let refused = 0
        proxy.fate = () => {
          if (Date.now() > until) return undefined
          return ++refused % 3 === 0 ? s3Error(500, 'InternalError') : s3Error(503, 'SlowDown')
        }
        const pushes = await Promise.all(
          [0, 1, 2].map((number) =>
            pushImage(registry.url, `slow-${number}`, 'v1', blobsOf(`slow-${number}`, 1_000), {
              within: 120_000,
            }),
          ),
        )
        assert.ok(Date.now() > until && refused > 3, `${refused} requests were refused`)
        // It holds back: three clients, each with at most a handful of requests at once.
        assert.ok(refused < (isFull ? 1_500 : 150), `${refused} requests in vain`)
        await assertSound(root, registry.url, [before, ...pushes])
      } finally {
        await registry.stop()
        await proxy.close()
      }
    })

    it('loses nothing while connections break, in pushes and in pulls', async () => {
      const rig = current()
      const root = newRoot(rig)
      const cutter = await startTcpProxy(rig.server.port)
      const registry = await startOn(root, { endpoint: cutter.url })
      try {
        const first = await pushImage(registry.url, 'first', 'v1', blobsOf('first', 12 * mib))
        const state = { isOver: false }
        const cutting = (async () => {
          for (let count = 0; count < (isFull ? 100 : 12); count++) {
            await delay(isFull ? 300 : 150)
            cutter.cut()
          }
          state.isOver = true
        })()
        let pulls = 0
        const pulling = (async () => {
          // What was given is right to its last byte, though the store broke off in between.
          for (; !state.isOver; pulls++) await readImage(registry.url, 'first', 'v1')
        })()
        const pushes = await Promise.all(
          ['patch', 'post', 'chunks'].map((way) =>
            pushImage(registry.url, `cut-${way}`, 'v1', blobsOf(way, 6 * mib), { way: way as 'patch' }),
          ),
        )
        await Promise.all([cutting, pulling])
        assert.ok(pulls > 0)
        await assertSound(root, registry.url, [first, ...pushes])
      } finally {
        await registry.stop()
        await cutter.close()
      }
    })

    // It takes the half minute after which a silent store counts as dead.
    const inFull = isFull ? it : (): void => {}
    void inFull('goes on when the store falls silent in the middle of a body', async () => {
      const rig = current()
      const root = newRoot(rig)
      const proxy = await startS3Proxy(rig.server.port)
      const registry = await startOn(root, { endpoint: proxy.url })
      try {
        const image = await pushImage(registry.url, 'silent', 'v1', blobsOf('silent', 6 * mib))
        const stalled = { read: false, part: false }
        proxy.fate = ({ method, url = '' }) => {
          if (method === 'GET' && !stalled.read && url.includes('/data')) {
            stalled.read = true
            return 'stall'
          }
          if (method === 'PUT' && !stalled.part && url.includes('partNumber=2')) {
            stalled.part = true
            return 'silence'
          }
          return undefined
        }
        const [other] = await Promise.all([
          pushImage(registry.url, 'silent', 'v2', blobsOf('other', 6 * mib)),
          readImage(registry.url, 'silent', 'v1'),
        ])
        assert.deepEqual(stalled, { read: true, part: true })
        await assertSound(root, registry.url, [image, other])
      } finally {
        await registry.stop()
        await proxy.close()
      }
    })
  })
}

function blobsOf(seed: string, size: number): readonly Buffer[] {
  return [seededBytes(`${seed}/config`, 200), seededBytes(`${seed}/layer`, size)]
}
