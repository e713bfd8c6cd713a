import assert from 'node:assert/strict'
import { createVerify, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Storage } from '@google-cloud/storage'
import { storagePath } from '../../src/storage/driver.ts'
import { checkGcs } from '../../src/storage/gcs/check.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'
import type { GcsOptions } from '../../src/storage/gcs/options.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { makeGcsBucket, startFakeGcs, withoutFakeGcs } from '../support/fake-gcs.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { type Fate, startS3Proxy } from '../support/s3-proxy.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const path = storagePath('a/data')
const skip = withoutFakeGcs() ?? false

/** A service account's key, as Google gives it. */
function makeKey(email: string): { fields: Record<string, string>; publicKey: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const fields = { type: 'service_account', client_email: email, private_key: pair.privateKey }
  return { fields, publicKey: pair.publicKey }
}

/** Whose token it is, if its signature is right. */
function holderOf(authorization: string | undefined, publicKey: string): unknown {
  const [head = '', claims = '', signature = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.')
  const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`)
  if (!verify.verify(publicKey, Buffer.from(signature, 'base64url'))) return undefined
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: unknown }).iss
}

/** What must be the same; the order of parameters need not. */
function partsOf(url: URL | undefined): unknown {
  return [url?.origin, url?.pathname, [...(url?.searchParams ?? [])].map(String).toSorted()]
}

interface Asked {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers with JSON by the beginning of the path. */
async function startJson(
  test: Cleaner,
  answers: Record<string, unknown>,
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, answer) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const line = `${request.method} ${request.url}`
      asked.push({ line, headers: request.headers, body: Buffer.concat(chunks).toString() })
      const found = Object.entries(answers).find(([start]) => line.includes(start))?.[1]
      answer.writeHead(found === undefined ? 404 : 200, {
        'content-type': typeof found === 'string' ? 'text/plain' : 'application/json',
        'metadata-flavor': 'Google',
      })
      answer.end(typeof found === 'string' ? found : JSON.stringify(found ?? {}))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  test.after(() => server.closeAllConnections())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, asked }
}

describe('gcs and who asks it', { skip }, () => {
  it('shows a key of its own, from a file or the configuration, and takes a new one when the old is refused', async (t) => {
    const server = await startFakeGcs(t)
    const bucket = await makeGcsBucket(server)
    const proxy = await startS3Proxy(server.port, t)
    const [first, second] = [makeKey('first@p.example'), makeKey('second@p.example')]
    let valid = first
    let agents: (string | undefined)[] = []
    proxy.fate = ({ headers }): Fate => {
      agents.push(headers['user-agent'])
      const holder = holderOf(headers.authorization, valid.publicKey)
      return holder === valid.fields['client_email']
        ? undefined
        : { status: 401, body: 'Invalid Credentials' }
    }
    const inline = await createGcsDriver(
      bucket.options({ emulatorHost: proxy.url, credentials: first.fields, userAgent: 'berth-of-tests/1' }),
    )
    await inline.write(path, Buffer.from('x'))
    assert.deepEqual([...new Set(agents)], ['berth-of-tests/1'])
    agents = []

    const keyFile = join(temporaryFolder(t).path, 'key.json')
    writeFileSync(keyFile, JSON.stringify(first.fields))
    const byFile = await createGcsDriver(bucket.options({ emulatorHost: proxy.url, keyFile }))
    await byFile.write(path, Buffer.from('one'))
    writeFileSync(keyFile, JSON.stringify(second.fields))
    valid = second
    await byFile.write(path, Buffer.from('two'))
    assert.equal((await byFile.read(path))?.toString(), 'two')
    await assert.rejects(inline.write(path, Buffer.from('x')), { code: 'STORAGE_UNAVAILABLE' })
    await Promise.all([inline.close(), byFile.close()])
  })

  it('shows an external account, and the identity of the machine', async (t) => {
    const server = await startFakeGcs(t)
    const bucket = await makeGcsBucket(server)
    const proxy = await startS3Proxy(server.port, t)
    let shown: string | undefined
    proxy.fate = ({ headers }) => {
      shown = headers.authorization
      return undefined
    }
    const sts = await startJson(t, {
      token: { access_token: 'exchanged', token_type: 'Bearer', expires_in: 3_600 },
    })
    const subject = join(temporaryFolder(t).path, 'subject')
    writeFileSync(subject, 'subject-token')
    const external = await createGcsDriver(
      bucket.options({
        emulatorHost: proxy.url,
        credentials: {
          type: 'external_account',
          audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          token_url: `${sts.url}/token`,
          credential_source: { file: subject },
        },
      }),
    )
    await external.write(path, Buffer.from('x'))
    assert.equal(shown, 'Bearer exchanged')
    assert.match(sts.asked[0]?.body ?? '', /subject-token/)
    assert.equal(await external.signedUrl?.(path, { method: 'GET', expires: 60 }), undefined)
    await external.close()

    const identity = await startJson(t, {
      'default/token': { access_token: 'of-machine', token_type: 'Bearer', expires_in: 3_600 },
      'default/email': 'machine@p.example',
      ':signBlob': { keyId: '1', signedBlob: Buffer.from('signature').toString('base64') },
      '/computeMetadata/v1': {},
    })
    process.env['GCE_METADATA_HOST'] = identity.url.slice('http://'.length)
    process.env['METADATA_SERVER_DETECTION'] = 'assume-present'
    process.env['HOME'] = temporaryFolder(t).path
    delete process.env['GOOGLE_APPLICATION_CREDENTIALS']
    const { emulatorHost: _, ...machine } = bucket.options({ iamEndpoint: identity.url })
    const driver = await createGcsDriver(machine)
    const url = await driver.signedUrl?.(path, { method: 'GET', expires: 60 })
    assert.equal(url?.host, 'storage.googleapis.com')
    assert.equal(url.searchParams.get('X-Goog-Signature'), Buffer.from('signature').toString('hex'))
    assert.match(url.searchParams.get('X-Goog-Credential') ?? '', /^machine@p\.example\/\d{8}\/auto\/storage/)
    const signing = identity.asked.find(({ line }) => line.includes(':signBlob'))
    assert.equal(signing?.line, 'POST /v1/projects/-/serviceAccounts/machine%40p.example:signBlob')
    assert.equal(signing.headers.authorization, 'Bearer of-machine')
    const { payload } = JSON.parse(signing.body) as { payload: string }
    assert.match(
      Buffer.from(payload, 'base64').toString(),
      /^GOOG4-RSA-SHA256\n\d{8}T\d{6}Z\n\d{8}\/auto\/storage\/goog4_request\n[0-9a-f]{64}$/,
    )
    await driver.close()
  })

  it("signs URLs as Google's own library does", async (t) => {
    const { fields } = makeKey('signer@p.example')
    const driver = await createGcsDriver({
      bucket: 'b',
      rootDirectory: "/o'dd (root)!/",
      credentials: fields,
    })
    const ours = await driver.signedUrl?.(path, { method: 'GET', expires: 1_200 })
    const date = ours?.searchParams.get('X-Goog-Date') ?? ''
    const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    assert.ok(Math.abs(at - Date.now()) < 5_000)
    const [theirs] = await new Storage({ projectId: 'p', credentials: fields })
      .bucket('b')
      .file("o'dd (root)!/a/data")
      .getSignedUrl({
        version: 'v4',
        action: 'read',
        accessibleAt: new Date(at),
        expires: new Date(at + 1_200_000),
      })
    assert.deepEqual(partsOf(ours), partsOf(new URL(theirs)))
    const head = await driver.signedUrl?.(path, { method: 'HEAD', expires: 1_200 })
    assert.notEqual(head?.searchParams.get('X-Goog-Signature'), ours?.searchParams.get('X-Goog-Signature'))
    await driver.close()

    // The emulator compares no signatures, but it gives what the URL names.
    const server = await startFakeGcs(t)
    const bucket = await makeGcsBucket(server)
    const signing = await createGcsDriver(bucket.options({ credentials: fields }))
    await signing.write(path, Buffer.from('0123456789'))
    const url = await signing.signedUrl?.(path, { method: 'GET', expires: 60 })
    const part = await http('GET', url?.href ?? '', { headers: { Range: 'bytes=2-4' } })
    assert.equal(part.status, 206)
    assert.equal(part.body.toString(), '234')
    await signing.close()
    const broken = await createGcsDriver(bucket.options({ credentials: { ...fields, private_key: 'none' } }))
    await assert.rejects(Promise.resolve(broken.signedUrl?.(path, { method: 'GET', expires: 60 })), {
      code: 'STORAGE_UNAVAILABLE',
    })
    await broken.close()
  })
})

describe('the self test of gcs', { skip }, () => {
  it('says in one line what is wrong and what to do', async (t) => {
    const server = await startFakeGcs(t)
    const bucket = await makeGcsBucket(server)
    const proxy = await startS3Proxy(server.port, t)
    const good = bucket.options({ emulatorHost: proxy.url, patience: 200 })
    await checkGcs(good)
    assert.deepEqual(await bucket.keys(), [])
    const { fields } = makeKey('me@p.example')
    const folder = temporaryFolder(t).path
    const noJson = join(folder, 'no.json')
    writeFileSync(noJson, 'very secret')
    const says = async (change: Partial<GcsOptions>, expected: RegExp): Promise<void> => {
      const error: unknown = await checkGcs({ ...good, ...change }).catch((reason: unknown) => reason)
      assert.ok(error instanceof Error, String(expected))
      assert.match(error.message, expected)
      assert.ok(!error.message.includes('\n') && !error.message.includes('secret'), error.message)
    }
    const port = await freePort()
    await says(
      { bucket: 'absent' },
      /^there is no bucket absent in the GCS store: create it, or correct bucket$/,
    )
    await says(
      { emulatorHost: `127.0.0.1:${port}` },
      /^nothing listens where .* correct STORAGE_EMULATOR_HOST$/,
    )
    await says(
      { emulatorHost: 'absent.invalid' },
      /^the GCS store's name is not known \(absent\.invalid, bucket/,
    )
    await says({ emulatorHost: `https://127.0.0.1:${server.port}` }, /^the GCS store speaks no TLS/)
    await says({ emulatorHost: 'http://' }, /^STORAGE_EMULATOR_HOST is neither/)
    await says(
      { keyFile: join(folder, 'absent.json') },
      /^the key file .*absent\.json .*ENOENT\): correct keyfile$/,
    )
    await says({ keyFile: noJson }, /^the key file .* is no JSON object/)
    await says(
      { credentials: { ...fields, private_key: 'none' } },
      /^the key for the GCS store cannot be used/,
    )

    const refuse = (request: RegExp, status: number, reason: string, message: string): void => {
      const body = JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } })
      proxy.fate = ({ method, url }) => (request.test(`${method} ${url}`) ? { status, body } : undefined)
    }
    refuse(/./, 401, 'authError', 'Invalid Credentials')
    await says({ credentials: fields }, /^the GCS store does not know who asks .*the key may be deleted/)
    const who = 'me@p.example does not have the needed access to the bucket.'
    for (const [request, right] of [
      [/^GET .*prefix/, 'list'],
      [/^POST/, 'create'],
      [/^GET .*media/, 'get'],
      [/^DELETE/, 'delete'],
    ] as const) {
      refuse(request, 403, 'forbidden', who)
      await says(
        {},
        new RegExp(
          `^the GCS store forbids storage\\.objects\\.${right} \\(.*give me@p\\.example the role roles/`,
        ),
      )
    }
    refuse(/^DELETE/, 403, 'retentionPolicyNotMet', 'under retention')
    await says({}, /lets nothing be deleted or replaced/)
    refuse(/./, 400, 'userProjectMissing', 'Bucket is a requester pays bucket')
    await says({}, /has whoever asks pay: set GOOGLE_CLOUD_QUOTA_PROJECT/)
    refuse(/./, 403, 'accountDisabled', 'The billing account is disabled')
    await says({}, /set up its billing$/)
    refuse(/^POST/, 503, 'backendError', 'later')
    await assert.rejects(checkGcs(good), { mayPass: true })
    await checkGcs(good, { readOnly: true })

    const warnings: string[] = []
    const date = new Date(Date.now() + 20 * 60_000).toUTCString()
    proxy.fate = ({ method }) =>
      method === 'GET' ? { status: 200, headers: { date }, body: '{}' } : undefined
    await checkGcs(good, { readOnly: true, warn: (line) => warnings.push(line) })
    assert.match(warnings.join(), /^the clock of this machine is 20 minutes behind that of the GCS store/)
  })
})
