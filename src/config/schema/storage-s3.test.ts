import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { s3 } from './storage-s3.ts'

const least = { bucket: 'b', region: 'eu-central-1' }

/** The place and the text of each problem. */
function problemsOf(given: object): readonly string[] {
  const { error } = s3.safeParse(given)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the parameters of s3', () => {
  it("have Distribution's defaults", () => {
    assert.deepEqual(s3.parse(least), {
      ...least,
      name: 's3',
      rootdirectory: '',
      encrypt: false,
      secure: true,
      skipverify: false,
      v4auth: true,
      chunksize: 10_485_760,
      multipartcopychunksize: 33_554_432,
      multipartcopymaxconcurrency: 100,
      multipartcopythresholdsize: 33_554_432,
      storageclass: 'STANDARD',
      objectacl: 'private',
      usedualstack: false,
      accelerate: false,
      usefipsendpoint: false,
      loglevel: 'off',
    })
  })

  it('are read as loosely as Go reads them', () => {
    const {
      encrypt,
      secure,
      forcepathstyle,
      chunksize,
      accesskey,
      secretkey,
      storageclass,
      loglevel,
      sessiontoken,
    } = s3.parse({
      ...least,
      encrypt: 'T',
      secure: '0',
      forcepathstyle: 'true',
      chunksize: '5242880',
      accesskey: 12_345,
      secretkey: 's',
      sessiontoken: '',
      storageclass: 'onezone_ia',
      loglevel: 'DebugWithRequestErrors',
    })
    assert.deepEqual(
      {
        encrypt,
        secure,
        forcepathstyle,
        chunksize,
        accesskey,
        secretkey,
        storageclass,
        loglevel,
        sessiontoken,
      },
      {
        encrypt: true,
        secure: false,
        forcepathstyle: true,
        chunksize: 5_242_880,
        accesskey: '12345',
        secretkey: 's',
        storageclass: 'ONEZONE_IA',
        loglevel: 'debugwithrequesterrors',
        sessiontoken: undefined,
      },
    )
    assert.equal(s3.parse({ ...least, loglevel: 'everything' }).loglevel, 'off')
    assert.equal('accesskey' in s3.parse({ ...least, accesskey: 'alone' }), false)
    assert.equal(
      s3.parse({ ...least, redirectendpoint: 'https://cdn.example/' }).redirectendpoint,
      'https://cdn.example',
    )
  })

  it('need no region with an endpoint, and there take any', () => {
    assert.deepEqual(problemsOf({ bucket: 'b', regionendpoint: 'http://minio:9000' }), [])
    assert.deepEqual(
      problemsOf({ bucket: 'b', regionendpoint: 'minio:9000', region: 'garage', v4auth: false }),
      [],
    )
  })

  it('say what is allowed', () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ bucket: '' }, 'bucket: the name of a bucket'],
      [{ region: undefined }, 'region: a region, such as us-east-1, or regionendpoint'],
      [{ region: 'us_east' }, "region: one of Amazon's regions, such as us-east-1, or regionendpoint"],
      [{ chunksize: 5_000_000 }, 'chunksize: a whole number from 5242880 to 5368709120'],
      [{ chunksize: '10MB' }, 'chunksize: a whole number from 5242880 to 5368709120'],
      [{ multipartcopymaxconcurrency: 0 }, 'multipartcopymaxconcurrency: a whole number, 1 or more'],
      [{ encrypt: 'yes' }, 'encrypt: true or false'],
      [
        { objectacl: 'public' },
        'objectacl: private, public-read, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, bucket-owner-full-control',
      ],
      [
        { redirectendpoint: 'https://cdn.example/v1' },
        'redirectendpoint: a URL of a scheme and a host, such as https://cdn.example',
      ],
      [{ v4auth: false }, 'v4auth: true: Amazon takes no other signatures'],
    ]
    for (const [change, expected] of cases) assert.deepEqual(problemsOf({ ...least, ...change }), [expected])
  })
})
