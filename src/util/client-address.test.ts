import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addressKey, networkKey } from './client-address.ts'

describe('an address, as far as it counts', () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'unix'],
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8::192.0.2.7', '2001:db8:0:0::/64'],
    ['1::3:4:5:6:192.0.2.7', '1:0:3:4::/64'],
    ['::', '0:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
    ['', ''],
  ]
  for (const [client, key] of cases) {
    it(`${client} is ${key}`, () => assert.equal(addressKey(client), key))
  }

  it('is short, whatever a proxy says', () => {
    assert.equal(addressKey('x'.repeat(10_000)).length, 100)
  })
})

describe('the network of an address', () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'unix'],
    ['192.0.2.7', '192.0.2.0/24'],
    ['::ffff:192.0.2.255', '192.0.2.0/24'],
    ['192.0.20.7', '192.0.20.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8:1:ffff::', '2001:db8:1::/48'],
    ['2001:db8:2::', '2001:db8:2::/48'],
    ['::1', '0:0:0::/48'],
    ['unknown', 'unknown'],
    ['', ''],
  ]
  for (const [client, key] of cases) {
    it(`${client} is of ${key}`, () => assert.equal(networkKey(addressKey(client)), key))
  }
})
