import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { makeBucket } from '../support/s3-store.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { pushBlob, pushImage, Refused } from './client.ts'
import { newRoot, type Rig, startOn } from './rig.ts'
import { assertSound } from './sound.ts'

const ownKeys = { accesskey: null, secretkey: null }

/** What the store lets a registry do changes while it runs, and so does the clock. */
export function describeKeysAndLimits(current: () => Rig): void {
  describe('when keys, quota or clock change', { concurrency: 1 }, () => {
    it('says that the store is full, acknowledges nothing then, and goes on when there is room', async () => {
      const { server, user } = current()
      const bucket = await makeBucket(server)
      const root = newRoot({ server, bucket, user })
      const registry = await startOn(root)
      const quota = (what: string): Promise<string> =>
        server.admin(`quota ${what} --quota-scope=bucket --bucket=${bucket.name}`)
      try {
        const before = await pushImage(registry.url, 'r', 'v1', blobsOf('v1'))
        await quota('set --max-size=200K')
        await quota('enable')
        const blob = seededBytes('too much', 300_000)
        for (const way of ['post', 'patch', 'chunks'] as const) {
          const error: unknown = await pushBlob(registry.url, 'r', blob, way).catch(
            (reason: unknown) => reason,
          )
          assert.ok(error instanceof Refused, `${way}: ${String(error)}`)
          const { status, headers } = error.answer
          assert.equal(status, 507, way)
          assert.equal(headers['docker-distribution-api-version'], 'registry/2.0')
          const { errors } = error.answer.json() as { errors: { code: string; message: string }[] }
          assert.deepEqual(
            errors.map(({ code, message }) => [code, message]),
            [['UNAVAILABLE', 'the storage of this registry is full']],
          )
          const head = await http('HEAD', `${registry.url}/v2/r/blobs/${digestOf(blob)}`)
          assert.equal(head.status, 404, 'what was not acknowledged is not there')
        }
        await assertSound(root, registry.url, [before])
        await quota('disable')
        const after = await pushImage(registry.url, 'r', 'v2', [seededBytes('c', 9), blob])
        await assertSound(root, registry.url, [before, after])
      } finally {
        await registry.stop()
        bucket.client.destroy()
      }
    })

    it('goes on with new keys once the old ones in the file are taken back', async (test) => {
      const { server, user } = current()
      const root = newRoot(current())
      const file = join(temporaryFolder(test).path, 'credentials')
      const give = async (key: string): Promise<void> => {
        await server.admin(
          `key create --uid=${user} --key-type=s3 --access-key=${key} --secret-key=of-${key}`,
        )
        writeFileSync(file, `[default]\naws_access_key_id = ${key}\naws_secret_access_key = of-${key}\n`)
      }
      await give('FILE1')
      const registry = await startOn(root, { s3: ownKeys, env: { AWS_SHARED_CREDENTIALS_FILE: file } }, test)
      const first = await pushImage(registry.url, 'r', 'v1', blobsOf('file'))
      await give('FILE2')
      await server.admin(`key rm --uid=${user} --key-type=s3 --access-key=FILE1`)
      const second = await pushImage(registry.url, 'r', 'v2', blobsOf('file 2'), { within: 0 })
      await assertSound(root, registry.url, [first, second])
    })

    it('gets new keys for a new web identity when the old ones expire', async (test) => {
      const { server, user } = current()
      const root = newRoot(current())
      const token = join(temporaryFolder(test).path, 'token')
      const asked: string[] = []
      for (const key of ['web-one', 'web-two'])
        await server.admin(
          `key create --uid=${user} --key-type=s3 --access-key=${key} --secret-key=of-${key}`,
        )
      // In the place of Amazon's security token service, of which no server is to be had here: the exchange is that of its API.
      const sts = createServer((request, response) => {
        let body = ''
        request.on('data', (chunk: Buffer) => (body += chunk.toString()))
        request.on('end', () => {
          const key = new URLSearchParams(body).get('WebIdentityToken') ?? ''
          asked.push(key)
          response.writeHead(200, { 'content-type': 'text/xml' }).end(stsAnswer(key))
        })
      })
      await new Promise<void>((resolve) => {
        sts.listen(0, '127.0.0.1', resolve)
      })
      test.after(() => sts.close())
      const address = sts.address()
      assert.ok(address !== null && typeof address === 'object')
      writeFileSync(token, 'web-one')
      const env = {
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/registry',
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${address.port}`,
        AWS_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
      }
      const registry = await startOn(root, { s3: ownKeys, env }, test)
      const first = await pushImage(registry.url, 'r', 'v1', blobsOf('web'))
      writeFileSync(token, 'web-two')
      await server.admin(`key rm --uid=${user} --key-type=s3 --access-key=web-one`)
      const second = await pushImage(registry.url, 'r', 'v2', blobsOf('web 2'), { within: 0 })
      await assertSound(root, registry.url, [first, second])
      assert.ok(asked.includes('web-one') && asked.includes('web-two'), asked.join())
    })

    it('goes on when its clock jumps by 20 minutes, either way, and signs URLs that are good', async (test) => {
      const root = newRoot(current())
      const preload = join(temporaryFolder(test).path, 'clock.cjs')
      writeFileSync(preload, jumpingClock)
      const registry = await startOn(root, { nodeFlags: ['--require', preload], redirects: true }, test)
      const pushed = []
      // Right, 20 minutes fast, 20 minutes slow.
      for (const tag of ['right', 'fast', 'slow']) {
        const blobs = blobsOf(tag)
        pushed.push(await pushImage(registry.url, 'r', tag, blobs, { within: 0 }))
        const answer = await http('GET', `${registry.url}/v2/r/blobs/${digestOf(blobs[1] ?? '')}`)
        assert.equal(answer.status, 307)
        const direct = await http('GET', String(answer.headers.location))
        assert.equal(direct.status, 200, `${tag}: ${direct.body.toString()}`)
        assert.ok(direct.body.equals(blobs[1] ?? Buffer.alloc(0)))
        const before = registry.output().length
        process.kill(registry.pid, 'SIGUSR2')
        while (registry.output().length === before) await delay(10)
      }
      const other = await startOn(root, {}, test)
      await assertSound(root, other.url, pushed)
    })
  })
}

/** Each SIGUSR2 moves the process's clock: 20 minutes on, 40 back, 20 on. */
const jumpingClock = `
const Real = Date
const steps = [20, -20, 0]
let offset = 0
globalThis.Date = class Date extends Real {
  constructor(...parts) { parts.length === 0 ? super(Real.now() + offset) : super(...parts) }
  static now() { return Real.now() + offset }
}
process.on('SIGUSR2', () => { offset = steps.shift() * 60_000; console.error('clock: ' + offset) })
`

function stsAnswer(key: string): string {
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>of-${key}</SecretAccessKey><Expiration>${expiration}</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
}

function blobsOf(seed: string): readonly Buffer[] {
  return [seededBytes(`${seed}/config`, 200), seededBytes(`${seed}/layer`, 2_000)]
}
