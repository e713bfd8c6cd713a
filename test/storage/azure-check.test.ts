import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { checkAzure } from '../../src/storage/azure/check.ts'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import type { AzureOptions } from '../../src/storage/azure/options.ts'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { storagePath } from '../../src/storage/driver.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { azureError, makeContainer, requireAzurite, startAzurite } from '../support/azurite.ts'
import { freePort } from '../support/free-port.ts'
import { requireProgram } from '../support/require-program.ts'
import { type Fate, startS3Proxy } from '../support/s3-proxy.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'

const mib = 1024 ** 2

describe('the self test of azure', () => {
  it('says in one line what is wrong and what to do', async (t) => {
    if (!requireAzurite(t)) return
    const server = await startAzurite(t)
    const container = await makeContainer(server)
    const proxy = await startS3Proxy(server.port, t)
    const good = container.options({ patience: 200, serviceUrl: `${proxy.url}/${server.account}` })
    await checkAzure(good, { redirects: true })
    assert.deepEqual(await container.names(), [])

    const key = Buffer.from('a wrong key'.repeat(6)).toString('base64')
    const closed = await freePort()
    const cases: readonly (readonly [Partial<AzureOptions>, RegExp])[] = [
      [{ container: 'absent' }, /^there is no container absent in the Azure store .*create it, or correct/],
      [{ credentials: { kind: 'shared-key', key } }, /^the account key is not that of .*accountkey$/],
      [{ serviceUrl: `${proxy.url}/other` }, /^the Azure store knows no such account .*correct accountname/],
      [{ serviceUrl: `http://127.0.0.1:${closed}/x` }, /^nothing listens where the Azure store should be/],
      [
        { serviceUrl: '', realm: 'absent.invalid' },
        /^the Azure store's name is not known \(berthtests\.blob\./,
      ],
      [{ serviceUrl: `https://127.0.0.1:${server.port}/x` }, /^the Azure store speaks no TLS .*set http/],
      [{ credentials: { kind: 'default' } }, /^the azure store is given tokens over TLS alone: set https/],
    ]
    const lineOf = async (options: AzureOptions): Promise<string> => {
      const error: unknown = await checkAzure(options).catch((reason: unknown) => reason)
      assert.ok(error instanceof Error, 'there is something wrong')
      assert.ok(
        !error.message.includes('\n') && !error.message.includes(key) && !error.message.includes(server.key),
      )
      return error.message
    }
    for (const [change, expected] of cases) assert.match(await lineOf({ ...good, ...change }), expected)

    const offset = new Date(Date.now() + 20 * 60_000).toUTCString()
    const late: Fate = azureError(403, 'AuthenticationFailed', { date: offset })
    const answers: readonly (readonly [string, Fate, RegExp])[] = [
      ['GET', late, /^the clock of this machine is 20 minutes behind .*set the clock/],
      ['PUT', azureError(403, 'AuthorizationFailure'), /^the network rules .* keep this machine out/],
      [
        'GET',
        azureError(403, 'KeyBasedAuthenticationNotPermitted'),
        /takes no account keys .*credentials\.type/,
      ],
      ['DELETE', azureError(409, 'BlobImmutableDueToPolicy'), /^a policy .* keeps blobs from being deleted/],
      ['DELETE', azureError(403, 'AuthorizationPermissionMismatch'), /does not let this key delete/],
    ]
    for (const [method, answer, expected] of answers) {
      proxy.fate = (request) => (request.method === method ? answer : undefined)
      assert.match(await lineOf(good), expected)
    }
    const warnings: string[] = []
    proxy.fate = () => ({
      rewrite: (answer) => ({ ...answer, headers: { ...answer.headers, date: offset } }),
    })
    await checkAzure(good, { warn: (line) => warnings.push(line) })
    assert.match(warnings.join(), /^the clock of this machine is 20 minutes behind that of the Azure store/)
    assert.deepEqual(await container.names('x'), [])
  })
})

describe('azure without an account key', () => {
  it('goes by the identity of the machine, copies and signs with it', async (t) => {
    if (!requireAzurite(t) || !requireProgram(t, 'openssl')) return
    const folder = temporaryFolder(t)
    const issuer = await makeCertificate(folder.path, { name: 'authority', use: 'authority' })
    const server = await startAzurite(t, await makeCertificate(folder.path, { name: 'store', issuer }))
    const identity = await startIdentity(t)
    const credentials = { kind: 'default' } as const
    const options: AzureOptions = {
      accountName: server.account,
      container: 'registry',
      serviceUrl: server.url,
      credentials: { kind: 'shared-key', key: server.key },
      chunkSize: mib,
      patience: 300,
    }
    await assert.rejects(
      checkAzure(options),
      /^StoreProblem: the certificate of the Azure store is not trusted/,
    )
    const trusting = { ...options, skipVerify: true }
    await assert.rejects(checkAzure(trusting), /^StoreProblem: there is no container registry/)
    await createContainer(trusting)
    const driver = await createAzureDriver({ ...trusting, credentials })
    await checkAzure({ ...trusting, credentials }, { redirects: true })
    assert.ok(identity.tokens > 0)

    const content = pattern(2 * mib + 5)
    const [one, two, whole] = ['a/one', 'a/two', 'blobs/data'].map(storagePath) as [Path, Path, Path]
    await driver.create(one, source(content, 64 * 1024))
    await driver.write(two, Buffer.from('end'))
    await driver.concatenate?.(
      [
        { path: one, size: content.length },
        { path: two, size: 3 },
      ],
      whole,
    )
    const all = Buffer.concat([content, Buffer.from('end')])
    assert.ok((await drain(await driver.open(whole))).equals(all))
    const url = await driver.signedUrl?.(whole, { method: 'GET', expires: 60 })
    assert.ok(url !== undefined)
    assert.ok(url.searchParams.has('skoid'), 'signed with a key of a user')
    assert.equal(url.searchParams.get('spr'), 'https')
  })
})

type Path = ReturnType<typeof storagePath>

async function createContainer({ accountName, serviceUrl = '', credentials }: AzureOptions): Promise<void> {
  const { BlobServiceClient, StorageSharedKeyCredential, newPipeline } = await import('@azure/storage-blob')
  assert.equal(credentials.kind, 'shared-key')
  const pipeline = newPipeline(new StorageSharedKeyCredential(accountName, credentials.key), {
    tlsOptions: { rejectUnauthorized: false },
  } as object)
  await new BlobServiceClient(serviceUrl, pipeline).getContainerClient('registry').create()
}

/** A machine's identity, as App Service offers it to what runs there, found by Azure's SDK through these variables. */
async function startIdentity(test: Cleaner): Promise<{ readonly tokens: number }> {
  const given = { tokens: 0 }
  const secret = 'of-the-machine'
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const isRight = request.headers['x-identity-header'] === secret
    if (!isRight || url.searchParams.get('resource') !== 'https://storage.azure.com') {
      response.writeHead(400).end('{}')
      return
    }
    given.tokens++
    const end = Math.floor(Date.now() / 1000) + 3600
    const claims = {
      aud: 'https://storage.azure.com',
      iss: 'https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/',
      tid: 'ab1f708d-50f6-404c-a006-d71b2ac7a606',
      oid: '23657296-5cd5-45b0-a809-d972a7f4dfe1',
      iat: end - 3700,
      nbf: end - 3700,
      exp: end,
    }
    const parts = [{ alg: 'none', typ: 'JWT' }, claims]
    const token = `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.x`
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ access_token: token, expires_on: String(end), token_type: 'Bearer' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${address.port}/token`
  process.env['IDENTITY_HEADER'] = secret
  test.after(async () => {
    delete process.env['IDENTITY_ENDPOINT']
    delete process.env['IDENTITY_HEADER']
    server.closeAllConnections()
    server.close()
  })
  return given
}
