import assert from 'node:assert/strict'
import { createHmac, createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { createDriver } from '../create-driver.ts'
import { storagePath, type StorageDriver, type UrlUse } from '../driver.ts'
import { cloudFront } from './cloudfront.ts'
import { googleCdn, signGoogleUrl } from './google-cdn.ts'
import { withUrl } from './with-url.ts'

const folder = mkdtempSync(join(tmpdir(), 'middleware-'))
after(() => rmSync(folder, { recursive: true }))

const path = storagePath('docker/registry/v2/blobs/sha256/ab/ab/data')
const get: UrlUse = { method: 'GET', expires: 1200 }
/** Milliseconds since 1970. */
const now = 1_700_000_000_123

function file(name: string, content: string | Buffer): string {
  const at = join(folder, name)
  writeFileSync(at, content)
  return at
}

/** A store that gives URLs itself, and knows its objects below a folder. */
async function bucket(root = 'a root'): Promise<StorageDriver> {
  const inner = await createDriver({ kind: 'inmemory' })
  return {
    ...withUrl(inner, async () => new URL('https://bucket.example/signed')),
    objectKey: (of) => `${root}/${of}`,
  }
}

async function urlOf(driver: StorageDriver, use: UrlUse = get): Promise<URL> {
  return (await driver.signedUrl?.(path, use)) ?? assert.fail('no URL')
}

/** Checks a URL as CloudFront's documentation has it, without the library that signs. */
function isSoundForCloudFront(url: URL, publicKey: KeyObject): boolean {
  const [resource = '', query = ''] = url.href.split('?')
  const parameters = new URLSearchParams(query)
  const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${parameters.get('Expires')}}}}]}`
  const signature = (parameters.get('Signature') ?? '')
    .replaceAll('-', '+')
    .replaceAll('_', '=')
    .replaceAll('~', '/')
  return createVerify('sha1').update(policy).verify(publicKey, signature, 'base64')
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pkcs1 = file('pkcs1.pem', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }))

describe('cloudfront', () => {
  const options = {
    baseUrl: 'D111.cloudfront.net',
    privateKey: pkcs1,
    keyPairId: 'K1',
    lifetime: 60,
    now: () => now,
  }

  it('signs for the object under its name in the bucket, until the time it names', async () => {
    const url = await urlOf(await cloudFront(await bucket(), options))
    assert.equal(url.origin + url.pathname, `https://d111.cloudfront.net/a%20root/${path}`)
    assert.deepEqual([...url.searchParams.keys()].toSorted(), ['Expires', 'Key-Pair-Id', 'Signature'])
    assert.equal(url.searchParams.get('Expires'), '1700000060')
    assert.equal(url.searchParams.get('Key-Pair-Id'), 'K1')
    assert.ok(isSoundForCloudFront(url, rsa.publicKey))
    url.searchParams.set('Expires', '1700000061')
    assert.ok(!isSoundForCloudFront(url, rsa.publicKey))
  })

  it('signs for the path that its base has', async () => {
    const url = await urlOf(
      await cloudFront(await bucket('r'), { ...options, baseUrl: 'http://cdn.example:80/p' }),
    )
    assert.equal(url.origin + url.pathname, `http://cdn.example/p/r/${path}`)
    assert.ok(isSoundForCloudFront(url, rsa.publicKey))
  })

  it('takes PKCS#8 and the curve P-256 as well', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const { privateKey, publicKey } of [rsa, ec]) {
      const key = file('pkcs8.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const driver = await cloudFront(await bucket(), { ...options, privateKey: key })
      assert.ok(isSoundForCloudFront(await urlOf(driver), publicKey))
    }
  })

  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const wrong: readonly (readonly [what: string, content: string | Buffer, message: RegExp])[] = [
    ['nothing', '', /: no private key in PEM$/],
    ['other bytes', Buffer.from([0, 1, 2, 255]), /: no private key in PEM$/],
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }), /: no private key in PEM$/],
    [
      'a damaged key',
      '-----BEGIN RSA PRIVATE KEY-----\nMIIC\n-----END RSA PRIVATE KEY-----\n',
      /: the key is damaged/,
    ],
    [
      'a key of another kind',
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      /RSA and of the curve P-256 alone/,
    ],
    [
      'an encrypted key',
      rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'a' }),
      /: the key is encrypted/,
    ],
  ]
  for (const [what, content, message] of wrong) {
    it(`is refused with ${what}`, async () => {
      await assert.rejects(
        cloudFront(await bucket(), { ...options, privateKey: file('wrong.pem', content) }),
        { message },
      )
    })
  }

  it('is refused without its file', async () => {
    await assert.rejects(cloudFront(await bucket(), { ...options, privateKey: join(folder, 'none') }), {
      message: `privatekey ${join(folder, 'none')}: no such file`,
    })
  })
})

describe('googlecdn', () => {
  // Of Google's own samples: https://github.com/GoogleCloudPlatform/python-docs-samples/tree/main/cdn
  const text = 'nZtRohdNF9m3cKM24IcK4w=='
  const key = Buffer.from(text, 'base64url')
  const published: readonly (readonly [url: string, expires: number, signed: string])[] = [
    [
      'http://35.186.234.33/index.html',
      1549751401,
      'http://35.186.234.33/index.html?Expires=1549751401&KeyName=my-key&Signature=CRFqQnVfFyiUyR63OQf-HRUpIwc=',
    ],
    [
      'http://www.example.com/',
      1549751401,
      'http://www.example.com/?Expires=1549751401&KeyName=my-key&Signature=OqDUFfHpN5Vxga6r80bhsgxKves=',
    ],
    [
      'http://35.186.234.33/index.html',
      1558131350,
      'http://35.186.234.33/index.html?Expires=1558131350&KeyName=my-key&Signature=fm6JZSmKNsB5sys8VGr-JE4LiiE=',
    ],
    [
      'https://www.example.com/some/path?some=query&another=param',
      1549751461,
      'https://www.example.com/some/path?some=query&another=param&Expires=1549751461&KeyName=my-key&Signature=sTqqGX5hUJmlRJ84koAIhWW_c3M=',
    ],
  ]
  it('signs as Google does in its samples', () => {
    for (const [url, expires, signed] of published)
      assert.equal(signGoogleUrl(url, 'my-key', key, expires), signed)
  })

  const options = { baseUrl: 'cdn.example', keyName: 'my-key', lifetime: 60, now: () => now }

  it('signs for the object under its name in the bucket, until the time it names', async () => {
    const driver = await googleCdn(await bucket(), { ...options, privateKey: file('key', `${text}\n`) })
    const url = await urlOf(driver)
    const [unsigned = '', signature] = url.href.split('&Signature=')
    assert.equal(unsigned, `https://cdn.example/a%20root/${path}?Expires=1700000060&KeyName=my-key`)
    const expected = createHmac('sha1', key).update(unsigned).digest('base64url')
    assert.equal(signature, `${expected}=`)
  })

  for (const content of ['', 'abc', `${text}AAAA`, 'nZtRohdNF9m3cKM2 4IcK4w==', '{"private_key": "a"}']) {
    it(`is refused with the key ${JSON.stringify(content)}`, async () => {
      const privateKey = file('wrong', content)
      await assert.rejects(googleCdn(await bucket(), { ...options, privateKey }), {
        message: /: not 16 bytes in base64url/,
      })
    })
  }
})
