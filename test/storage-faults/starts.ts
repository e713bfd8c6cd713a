import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleaner } from '../support/at-exit.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { s3Error, startS3Proxy } from '../support/s3-proxy.ts'
import { seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { pushImage } from './client.ts'
import { newRoot, parametersOf, type Rig, startOn } from './rig.ts'
import { assertSound } from './sound.ts'

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

/** The self test at the start of a server, and `berth storage check`. */
export function describeStarts(current: () => Rig): void {
  describe('looking at the store', { concurrency: 1 }, () => {
    it('ends the start, and the check, with one line for what somebody has to correct', async (test) => {
      const good = parametersOf(current(), 'starts')
      const cases: readonly (readonly [object, RegExp])[] = [
        [
          { bucket: 'absent' },
          /: there is no bucket absent in the S3 store .*: create it, or correct bucket\n$/,
        ],
        [{ secretkey: 'wrong' }, /: the secret key is not that of the access key .*: correct secretkey\n$/],
      ]
      for (const [change, expected] of cases) {
        const file = configOf(test, { ...good, ...change })
        const [serve, check] = await Promise.all(
          [['serve'], ['storage', 'check']].map((command) =>
            run(process.execPath, ['--no-warnings', main, ...command, file], {
              mayFail: true,
              timeoutMs: 30_000,
            }),
          ),
        )
        for (const result of [serve, check]) {
          assert.equal(result?.code, 1)
          assert.match(result?.stderr ?? '', expected)
          assert.equal(result?.stderr.split('\n').length, 2, result?.stderr)
        }
      }
    })

    it('starts though the store is down, and says when it is back', async (test) => {
      const rig = current()
      const root = newRoot(rig)
      const proxy = await startS3Proxy(rig.server.port, test)
      proxy.fate = () => s3Error(503, 'ServiceUnavailable')
      const registry = await startOn(root, { endpoint: proxy.url }, test)
      assert.match(registry.output(), /level=warning .*the storage cannot be reached now.*ServiceUnavailable/)
      proxy.fate = () => undefined
      while (!registry.output().includes('the storage can be used now')) await delay(50)
      const pushed = await pushImage(registry.url, 'r', 'v1', [seededBytes('a', 10), seededBytes('b', 20)])
      await assertSound(root, registry.url, [pushed])
    })

    it('measures a store, and leaves nothing in it', async (test) => {
      const { bucket } = current()
      const file = configOf(test, parametersOf(current(), 'measured'))
      const args = ['--no-warnings', main, 'storage', 'check', file, '--json', '--rounds', '2']
      const { stdout, stderr } = await run(process.execPath, args)
      assert.equal(stderr, '')
      const report = JSON.parse(stdout) as {
        usable: boolean
        operations: { operation: string; rounds: number }[]
      }
      assert.equal(report.usable, true)
      assert.deepEqual(
        report.operations.map(({ operation, rounds }) => `${operation} ${rounds}`),
        [
          'write 2',
          'write if absent 2',
          'read 2',
          'stat 2',
          'list 2',
          'upload 1 MiB 2',
          'read a range 2',
          'move 2',
          'concatenate 10 MiB 2',
          'fetch a signed URL 2',
          'delete 2',
        ],
      )
      assert.deepEqual(await bucket.keys('measured'), [])
      assert.deepEqual(await bucket.pending('measured'), [])
    })

    it('leaves nothing when it is interrupted', async (test) => {
      const { server, bucket } = current()
      const proxy = await startS3Proxy(server.port, test)
      const file = configOf(test, parametersOf(current(), 'interrupted', proxy.url))
      const child = spawn(process.execPath, [main, 'storage', 'check', file], { stdio: 'ignore' })
      test.after(() => child.kill('SIGKILL'))
      proxy.fate = ({ url = '' }) => {
        if (url.includes('large')) child.kill('SIGINT')
        return undefined
      }
      const [code] = (await once(child, 'exit')) as [number | null]
      assert.equal(code, 130)
      assert.deepEqual(await bucket.keys('interrupted'), [])
    })

    it('writes nothing in read-only mode', async (test) => {
      const proxy = await startS3Proxy(current().server.port, test)
      const written: string[] = []
      proxy.fate = ({ method = '', url = '' }) => {
        if (method !== 'GET' && method !== 'HEAD') written.push(`${method} ${url}`)
        return undefined
      }
      const storage = { maintenance: { readonly: { enabled: true } } }
      const file = configOf(test, parametersOf(current(), 'read-only', proxy.url), storage)
      const { stdout } = await run(process.execPath, ['--no-warnings', main, 'storage', 'check', file])
      assert.match(stdout, /nothing is written[^]*\nlist /)
      const registry = await startOn(newRoot(current()), { endpoint: proxy.url, storage }, test)
      await registry.stop()
      assert.deepEqual(written, [])
    })
  })
}

function configOf(test: Cleaner, s3: object, storage: object = {}): string {
  const file = join(temporaryFolder(test).path, 'config.yml')
  writeFileSync(
    file,
    JSON.stringify({ version: '0.1', storage: { s3, ...storage }, http: { addr: '127.0.0.1:0' } }),
  )
  return file
}
