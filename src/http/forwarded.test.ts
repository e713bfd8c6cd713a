import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { ForwardedHeaders } from './forwarded.ts'

function request(headers: Readonly<Record<string, string>>): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  message.headers = headers
  return message
}

function client(
  trusted: readonly string[] | undefined,
  peer: string | undefined,
  headers: Readonly<Record<string, string>>,
): readonly [client: string | undefined, claimed: string | undefined] {
  const forwarded = new ForwardedHeaders(trusted)
  const message = request(headers)
  return [forwarded.client(message, peer), forwarded.claimedClient(message, peer)]
}

function isHidden(headers: Readonly<Record<string, string>>, trusted?: readonly string[]): boolean {
  return new ForwardedHeaders(trusted).hidesClient(request(headers))
}

describe('who the client is', () => {
  const chain = { 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 10.0.0.2' }

  it('is the peer, where nobody is named whom to believe; a log says what is claimed', () => {
    assert.deepEqual(client(undefined, '10.0.0.1', chain), ['10.0.0.1', '1.1.1.1'])
    assert.deepEqual(client(undefined, '10.0.0.1', { 'x-real-ip': '3.3.3.3' }), ['10.0.0.1', '3.3.3.3'])
    assert.deepEqual(client(undefined, '10.0.0.1', {}), ['10.0.0.1', '10.0.0.1'])
  })

  it('is hidden when a proxy names one, and nobody is named whom to believe', () => {
    assert.ok(isHidden(chain))
    assert.ok(isHidden({ forwarded: 'for=192.0.2.1;proto=https' }))
    assert.ok(isHidden({ forwarded: 'for="[2001:db8::1]:4711"' }))
    for (const headers of [{}, { 'x-forwarded-proto': 'https' }, { 'x-forwarded-for': 'unknown' }])
      assert.ok(!isHidden(headers))
    assert.ok(!isHidden({ forwarded: 'proto=https;host=a' }))
    assert.ok(!isHidden(chain, ['10.0.0.0/8']))
    assert.ok(!isHidden(chain, []))
  })

  it('is the last address before the trusted proxies: what stands before it is its own word', () => {
    assert.deepEqual(client(['10.0.0.0/8'], '10.0.0.1', chain), ['2.2.2.2', '2.2.2.2'])
    assert.deepEqual(client(['10.0.0.0/8', '2.2.2.2'], '10.0.0.1', chain), ['1.1.1.1', '1.1.1.1'])
  })

  it('is the peer when that is no trusted proxy, whatever it says', () => {
    for (const trusted of [['192.168.0.0/16'], []]) {
      assert.deepEqual(client(trusted, '10.0.0.1', chain), ['10.0.0.1', '10.0.0.1'])
      assert.deepEqual(client(trusted, '10.0.0.1', { 'x-real-ip': '1.1.1.1' }), ['10.0.0.1', '10.0.0.1'])
    }
  })

  it('is whom the proxy behind a unix socket saw', () => {
    assert.deepEqual(client([], undefined, { 'x-forwarded-for': '1.1.1.1' }), ['1.1.1.1', '1.1.1.1'])
  })

  it('is read from Forwarded, IPv6 and ports included', () => {
    const headers = { forwarded: 'for=4.4.4.4;proto=https, for="[2001:db8::7]:4711"' }
    assert.deepEqual(client(['::1'], '::1', headers), ['2001:db8::7', '2001:db8::7'])
    assert.deepEqual(client(undefined, '::1', headers), ['::1', '4.4.4.4'])
  })

  it('is not what a client says in a Forwarded that its proxy passes on', () => {
    const headers = { forwarded: 'for=6.6.6.6', 'x-forwarded-for': '203.0.113.9' }
    assert.deepEqual(client(['10.0.0.0/8'], '10.0.0.1', headers), ['203.0.113.9', '203.0.113.9'])
    assert.deepEqual(client(undefined, '10.0.0.1', headers), ['10.0.0.1', '6.6.6.6'], 'as Distribution')
  })

  it('ends at what is no address', () => {
    const headers = { 'x-forwarded-for': '1.1.1.1, unknown, 10.0.0.9' }
    assert.deepEqual(client(['10.0.0.0/8'], '10.0.0.1', headers), ['10.0.0.9', '10.0.0.9'])
    assert.deepEqual(client(['10.0.0.0/8'], '10.0.0.1', { 'x-forwarded-for': '<b>' }), [
      '10.0.0.1',
      '10.0.0.1',
    ])
  })
})

function origin(trusted: readonly string[] | undefined, headers: Readonly<Record<string, string>>): string {
  return new ForwardedHeaders(trusted).origin(request({ host: 'inner:5000', ...headers }))
}

describe('where the client thinks that it is', () => {
  it('is what stands first, where everybody is believed', () => {
    const headers = { forwarded: 'proto=https;host=a.example, proto=http;host=b.example' }
    assert.equal(origin(undefined, headers), 'https://a.example')
  })

  it('is what the outermost of our proxies said, not what it was told', () => {
    // Behind a unix socket, so that the peer is trusted; two proxies, of which each appends.
    const chain = {
      'x-forwarded-for': '1.1.1.1, 2.2.2.2, 10.0.0.2',
      'x-forwarded-proto': 'javascript, https, http',
      'x-forwarded-host': 'evil.example, outer.example, inner.example',
    }
    assert.equal(origin(['10.0.0.0/8'], chain), 'https://outer.example')
    const forwarded = {
      forwarded:
        'for=1.1.1.1;host=evil.example, for=2.2.2.2;host=outer.example;proto=https, for=10.0.0.2;host=inner',
    }
    assert.equal(origin(['10.0.0.0/8'], forwarded), 'https://outer.example')
  })

  it('is what the one proxy said that replaces what it was told', () => {
    const headers = {
      'x-forwarded-for': '1.1.1.1, 2.2.2.2',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'a',
    }
    assert.equal(origin(['10.0.0.0/8'], headers), 'https://a')
  })

  it('is not what a client says in a Forwarded that its proxy passes on', () => {
    const headers = { forwarded: 'host=evil.example', 'x-forwarded-proto': 'https' }
    assert.equal(origin([], headers), 'https://inner:5000')
  })
})
