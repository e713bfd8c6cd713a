import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StorageMiddlewareConfig } from '../middleware.ts'
import { failureOf, loadText } from '../test-load.ts'

const minimal = 'version: 0.1\nstorage: inmemory\n'

function load(items: string): readonly StorageMiddlewareConfig[] {
  return loadText(`${minimal}middleware: {storage: [${items}]}\n`).config.middleware.storage
}

/** The messages without their places. */
function refusals(items: string): readonly string[] {
  return failureOf(`${minimal}middleware: {storage: [${items}]}\n`).map((line) =>
    line.replace(/^config\.yml:\d+:\d+: middleware\.storage/, ''),
  )
}

const cloudFront = 'baseurl: d1.cloudfront.net, privatekey: /key.pem, keypairid: 0123'

describe('the storage middlewares of a configuration', () => {
  it('are none by default', () => {
    assert.deepEqual(loadText(minimal).config.middleware, { storage: [] })
    assert.deepEqual(loadText(`${minimal}middleware: {storage: , registry: []}\n`).config.middleware, {
      storage: [],
    })
  })

  it('have what Distribution takes for the rest', () => {
    assert.deepEqual(load(`{name: cloudfront, options: {${cloudFront}}}`), [
      {
        index: 0,
        name: 'cloudfront',
        baseurl: 'd1.cloudfront.net',
        privatekey: '/key.pem',
        keypairid: '0123',
        duration: 1_200_000,
        ipfilteredby: 'none',
        awsregion: [],
        updatefrequency: 43_200_000,
        iprangesurl: 'https://ip-ranges.amazonaws.com/ip-ranges.json',
      },
    ])
    assert.deepEqual(
      load('{name: googlecdn, options: {baseurl: "https://a/b", privatekey: /k, keyname: n}}'),
      [
        {
          index: 0,
          name: 'googlecdn',
          baseurl: 'https://a/b',
          privatekey: '/k',
          keyname: 'n',
          duration: 1_200_000,
          ipfilteredby: 'none',
          updatefrequency: 43_200_000,
          iprangesurl: 'https://www.gstatic.com/ipranges/goog.json',
        },
      ],
    )
    assert.deepEqual(load('{name: rewrite}'), [{ index: 0, name: 'rewrite' }])
  })

  it('are what is written', () => {
    const [first] = load(
      `{name: cloudfront, options: {${cloudFront}, duration: 90s, ipfilteredby: " AWSRegion ", ` +
        'awsregion: "us-EAST-1, us-west-2,", updatefrenquency: 1h, updatefrequency: 2h, iprangesurl: "http://a/b?c"}}',
    )
    assert.deepEqual(first, {
      index: 0,
      name: 'cloudfront',
      baseurl: 'd1.cloudfront.net',
      privatekey: '/key.pem',
      keypairid: '0123',
      duration: 90_000,
      ipfilteredby: 'awsregion',
      awsregion: ['us-east-1', 'us-west-2'],
      updatefrequency: 3_600_000,
      iprangesurl: 'http://a/b?c',
    })
    assert.deepEqual(
      load(
        '{name: redirect, options: {baseurl: "https://a:5443/b"}}, {name: rewrite, options: {scheme: https, host: "a:1", trimpathprefix: /c}}',
      ),
      [
        { index: 0, name: 'redirect', baseurl: 'https://a:5443/b' },
        { index: 1, name: 'rewrite', scheme: 'https', host: 'a:1', trimpathprefix: '/c' },
      ],
    )
  })

  it('are set by variables', () => {
    const text = `${minimal}middleware: {storage: [{name: redirect, options: {baseurl: "https://a"}}]}\n`
    const { config } = loadText(text, { REGISTRY_MIDDLEWARE_STORAGE_0_OPTIONS_BASEURL: 'https://b' })
    assert.deepEqual(config.middleware.storage, [{ index: 0, name: 'redirect', baseurl: 'https://b' }])
  })

  it('are left out when they are disabled, whatever else they say', () => {
    assert.deepEqual(
      load(
        '{name: a, disabled: true}, {name: redirect, disabled: true, options: {baseurl: 1}}, {name: rewrite}',
      ),
      [{ index: 2, name: 'rewrite' }],
    )
  })

  it('take a number without a unit for none, as documented for Distribution', () => {
    const [first] = load(`{name: cloudfront, options: {${cloudFront}, duration: 3000, updatefrequency: 5}}`)
    assert.ok(first?.name === 'cloudfront')
    assert.deepEqual([first.duration, first.updatefrequency], [1_200_000, 43_200_000])
  })

  it('survive being sent to another process', () => {
    const config = load(`{name: cloudfront, options: {${cloudFront}}}, {name: rewrite, options: {host: a}}`)
    assert.deepEqual(structuredClone(config), config)
  })

  const mistakes: readonly (readonly [items: string, ...messages: string[]])[] = [
    ['{name: alicdn}', '[0].name: found "alicdn"; allowed: cloudfront, googlecdn, redirect, rewrite'],
    ['{options: {}}', '[0].name: missing; allowed: cloudfront, googlecdn, redirect, rewrite'],
    [
      '{name: cloudfront}',
      '[0].options.baseurl: missing; allowed: the URL of the CDN, such as https://cdn.example',
      '[0].options.keypairid: missing; allowed: the id of the public key at CloudFront',
      '[0].options.privatekey: missing; allowed: the path of a file',
    ],
    [
      `{name: rewrite}, {name: cloudfront, options: {${cloudFront}, ipfilteredby: gcp}}`,
      '[1].options.ipfilteredby: found "gcp"; allowed: none, aws, awsregion',
    ],
    [
      `{name: cloudfront, options: {${cloudFront}, ipfilteredby: awsregion}}`,
      '[0].options.awsregion: missing; allowed: regions, such as us-east-1, us-west-2',
    ],
    [
      `{name: cloudfront, options: {${cloudFront}, duration: 20x}}`,
      '[0].options.duration: found "20x"; allowed: a duration of a second or more, such as 20m',
    ],
    [
      `{name: cloudfront, options: {${cloudFront}, iprangesurl: "file:///etc/passwd"}}`,
      '[0].options.iprangesurl: found "file:///etc/passwd"; allowed: an http or https URL',
    ],
    [
      '{name: cloudfront, options: {baseurl: "a b", keypairid: k, privatekey: "-----BEGIN RSA PRIVATE KEY-----\\nMIICXQ"}}',
      '[0].options.baseurl: found "a b"; allowed: the URL of the CDN, such as https://cdn.example',
      '[0].options.privatekey: found a value that is not shown; allowed: the path of a file, not what is in it',
    ],
    [
      '{name: redirect, options: {baseurl: cdn.example}}',
      '[0].options.baseurl: found "cdn.example"; allowed: an http or https URL, such as https://cdn.example',
    ],
    ['{name: rewrite, options: {scheme: ftp}}', '[0].options.scheme: found "ftp"; allowed: http, https'],
    [
      '{name: rewrite, options: {host: "a/b"}}',
      '[0].options.host: found "a/b"; allowed: a host, or host:port',
    ],
    [
      '{name: rewrite, options: {host: "a@b"}}',
      '[0].options.host: found "a@b"; allowed: a host, or host:port',
    ],
  ]
  for (const [items, ...messages] of mistakes) {
    it(`are refused: ${items}`, () => {
      assert.deepEqual(refusals(items).toSorted(), messages)
    })
  }
})
