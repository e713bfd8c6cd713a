import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { AddressRanges } from './address-ranges.ts'

describe('ranges of addresses', () => {
  it('have the addresses of their networks, from the first to the last, and no others', () => {
    const ranges = new AddressRanges(['192.0.2.64/26', '2001:db8:1::/48', '198.51.100.7/32'])
    for (const inside of ['192.0.2.64', '192.0.2.127', '198.51.100.7', '2001:db8:1:ffff::1', '2001:db8:1::'])
      assert.ok(ranges.has(inside), inside)
    for (const outside of ['192.0.2.63', '192.0.2.128', '198.51.100.8', '2001:db8:2::', '2001:db8:0:ffff::'])
      assert.ok(!ranges.has(outside), outside)
  })

  it('take a network by any of its addresses, and one in two forms for the same', () => {
    assert.ok(new AddressRanges(['10.1.2.3/8']).has('10.255.0.1'))
    assert.ok(new AddressRanges(['10.0.0.0/8']).has('::ffff:10.1.1.1'))
    assert.ok(new AddressRanges(['fe80::/10']).has('fe80::1%eth0'))
  })

  it('join networks that overlap or touch', () => {
    assert.equal(new AddressRanges(['10.0.0.0/9', '10.128.0.0/9', '10.3.0.0/16', '11.0.0.0/32']).size, 1)
    assert.equal(new AddressRanges(['10.0.0.0/24', '10.0.2.0/24']).size, 2)
  })

  it('leave out what is no network', () => {
    const none = [
      '',
      'a',
      '10.0.0.0',
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '/8',
    ]
    assert.equal(new AddressRanges(none).size, 0)
    assert.ok(!new AddressRanges(['0.0.0.0/0']).has('a'))
  })

  it("agree with Node's own list", () => {
    const byte = fc.integer({ min: 0, max: 3 })
    const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'))
    const network = fc.tuple(address, fc.integer({ min: 6, max: 32 }))
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 12 }),
        fc.array(address, { minLength: 20 }),
        (networks, asked) => {
          const list = new BlockList()
          for (const [of, bits] of networks) list.addSubnet(of, bits, 'ipv4')
          const ranges = new AddressRanges(networks.map(([of, bits]) => `${of}/${bits}`))
          for (const each of asked) assert.equal(ranges.has(each), list.check(each, 'ipv4'), each)
        },
      ),
    )
  })
})
