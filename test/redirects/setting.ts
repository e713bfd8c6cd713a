import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { Cleaner } from '../support/at-exit.ts'
import { http, type HttpResponse } from '../support/http.ts'
import { startS3Proxy } from '../support/s3-proxy.ts'
import { makeBucket } from '../support/s3-store.ts'
import { digestOf } from '../support/seeded.ts'
import { startVersitygw } from '../support/versitygw.ts'

type Tree = Readonly<Record<string, unknown>>

export interface BucketSetting {
  /** The `storage` of a configuration, of ours and of Distribution's, without the driver that a test's registry has by default. */
  readonly storage: Tree
  readonly bucket: string
  /** What its server is called in URLs. It is another host than a registry's, so that clients keep their passwords from it. */
  readonly host: string
}

/** What the objects of the registry lie below. */
export const rootDirectory = 'a/root'

/**
 * A bucket of a real server, for registries to store in.
 *
 * @param watch sees every request to that server
 */
export async function startBucket(
  test: Cleaner,
  watch: (request: IncomingMessage) => void = () => {},
): Promise<BucketSetting> {
  const server = await startVersitygw(test)
  const { name, client } = await makeBucket(server)
  client.destroy()
  const proxy = await startS3Proxy(server.port, test)
  proxy.fate = (request) => {
    watch(request)
    return undefined
  }
  const host = `localhost:${new URL(proxy.url).port}`
  return {
    bucket: name,
    host,
    storage: {
      filesystem: null,
      s3: {
        accesskey: server.keys.accessKey,
        secretkey: server.keys.secretKey,
        region: 'us-east-1',
        regionendpoint: `http://${host}`,
        forcepathstyle: true,
        bucket: name,
        rootdirectory: `/${rootDirectory}`,
      },
    },
  }
}

/** Pushes a blob in one request, and gives its digest. */
export async function pushBlob(url: string, name: string, content: Buffer, headers = {}): Promise<string> {
  const digest = digestOf(content)
  const answer = await http('POST', `${url}/v2/${name}/blobs/uploads/?digest=${digest}`, {
    body: content,
    headers,
  })
  assert.equal(answer.status, 201, answer.body.toString())
  return digest
}

/** Where the objects of a blob lie, below the root. */
export function blobKey(digest: string): string {
  const hex = digest.slice('sha256:'.length)
  return `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
}

/** Where a redirect leads. */
export function locationOf({ status, headers }: HttpResponse): URL {
  assert.equal(status, 307)
  return new URL(headers.location ?? assert.fail('no Location'))
}

/** Node's own flags for a process whose clock is off by so many milliseconds. */
export function withClockOff(milliseconds: number): readonly string[] {
  const code = `const R=Date;globalThis.Date=class extends R{
    constructor(...a){if(a.length>0)super(...a);else super(R.now()+${milliseconds})}
    static now(){return R.now()+${milliseconds}}}`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}
