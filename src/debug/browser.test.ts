import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFromPage, isOwnHost } from './browser.ts'

describe('a request', () => {
  it('is from a page when a browser says so', () => {
    assert.equal(isFromPage({ origin: 'https://example.com' }), true)
    assert.equal(isFromPage({ origin: 'null' }), true)
    assert.equal(isFromPage({ 'sec-fetch-site': 'cross-site' }), true)
    assert.equal(isFromPage({ 'sec-fetch-site': 'same-site' }), true)
    assert.equal(isFromPage({ 'sec-fetch-site': 'same-origin', origin: 'http://rebound.example' }), true)
  })

  it('is not when nobody, or the user, made it', () => {
    assert.equal(isFromPage({ host: 'example.com', 'user-agent': 'curl' }), false)
    assert.equal(isFromPage({ 'sec-fetch-site': 'none' }), false)
    // A link of the list of profiles.
    assert.equal(isFromPage({ 'sec-fetch-site': 'same-origin' }), false)
  })
})

describe('a Host header', () => {
  const own = [
    '127.0.0.1',
    '127.0.0.1:5001',
    '[::1]:5001',
    '10.1.2.3',
    'localhost:5001',
    'a.localhost',
    'registry',
    'registry:5001',
  ]
  for (const host of own) it(`may be ${host}`, () => assert.equal(isOwnHost(host, []), true))

  const strange = [
    'example.com',
    'example.com:5001',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '1.2.3.4.5',
    'a.b:',
  ]
  for (const host of strange) it(`may not be ${host}`, () => assert.equal(isOwnHost(host, []), false))

  it('may be a name that is known', () => {
    assert.equal(isOwnHost('Registry.Example.com:5001', ['registry.example.com']), true)
    assert.equal(isOwnHost('other.example.com', ['registry.example.com']), false)
  })

  it('may be absent: browsers send one', () => assert.equal(isOwnHost(undefined, []), true))
})
