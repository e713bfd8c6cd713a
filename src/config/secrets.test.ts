import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Path } from './path.ts'
import { describePath } from './path.ts'
import { isSecret, safeUrl, withoutUserInfo } from './secrets.ts'

const paths: readonly (readonly [Path, boolean])[] = [
  [['http', 'secret'], true],
  [['redis', 'password'], true],
  [['storage', 's3', 'secretkey'], true],
  [['storage', 'gcs', 'credentials', 'private_key'], true],
  [['notifications', 'endpoints', 0, 'headers', 'Authorization', 0], true],
  [['health', 'http', 0, 'headers'], true],
  [['health', 'http', 3, 'headers', 'X-Any', 0], true],
  [['notifications', 'endpoints', 1, 'headers', 'X-Any', 0], true],
  [['http', 'headers', 'Set-Cookie', 0], true],
  [['http', 'headers', 'X-API-KEY', 0], true],
  [['http', 'headers', 'PRIVATE-TOKEN', 0], true],
  [['log', 'fields', 'apitoken'], true],
  [['log', 'fields', 'dbPasswd'], true],
  [['log', 'fields', 'Client_Secrets', 'a'], true],
  [['log', 'fields', 'api_key'], true],
  [['log', 'fields', 'proxyCredential'], true],
  [['auth', 'token', 'realm'], false],
  [['auth', 'htpasswd', 'path'], false],
  [['auth', 'silly', 'password'], true],
  [['http', 'addr'], false],
  [['http', 'headers', 'X-Any', 0], false],
  [['health', 'http', 0, 'uri'], false],
  [['health', 'tcp', 0, 'addr'], false],
  [['log', 'fields', 'key'], false],
]

for (const [path, expected] of paths) {
  test(`${describePath(path)} is ${expected ? 'a' : 'no'} secret`, () => {
    assert.equal(isSecret(path), expected)
  })
}

test('users and passwords of URLs are blotted out', () => {
  assert.equal(withoutUserInfo('https://me:pw@example.com/a@b'), 'https://***@example.com/a@b')
  assert.equal(withoutUserInfo('a http://me@b c https://d@e'), 'a http://***@b c https://***@e')
  assert.equal(withoutUserInfo('http:me:pw@example.com'), 'http:***@example.com')
  assert.equal(withoutUserInfo('HTTPS:/me:pw@example.com'), 'HTTPS:/***@example.com')
  assert.equal(withoutUserInfo('https://example.com/a@b'), 'https://example.com/a@b')
  assert.equal(withoutUserInfo('https://me:p@w@example.com/'), 'https://***@example.com/')
})

const urls: readonly (readonly [string, string])[] = [
  ['https://me:pw@example.com/a?b=c&d', 'https://***@example.com/a?b=***&***'],
  ['https://example.com/?n=1;token=a=b', 'https://example.com/?n=***;token=***'],
  ['https://example.com/?hidden', 'https://example.com/?***'],
  ['https://example.com/?a=b c\n"', 'https://example.com/?a=***'],
  ['https://example.com/?a=b?c#access_token=d', 'https://example.com/?a=***#access_token=***'],
  ['https://example.com/#d', 'https://example.com/#***'],
  ['foo?token=a', 'foo?token=***'],
  ['https://example.com/a=b', 'https://example.com/a=b'],
  ['what?', 'what?'],
]

for (const [url, shown] of urls) {
  test(`${JSON.stringify(url)} is shown as ${shown}`, () => {
    assert.equal(safeUrl(url), shown)
  })
}

test('a path as text cannot be taken for another', () => {
  assert.equal(describePath(['http', 'headers', 'X-Frame-Options', 0]), 'http.headers.X-Frame-Options[0]')
  assert.equal(describePath(['log', 'fields', 'a.b']), 'log.fields["a.b"]')
  assert.equal(describePath(['log', 'fields', '']), 'log.fields[""]')
})
