import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListenAddress, type ListenAddress } from './listen-address.ts'

const addresses: readonly (readonly [string, ListenAddress | undefined])[] = [
  [':5000', { port: 5000 }],
  ['0.0.0.0:5000', { host: '0.0.0.0', port: 5000 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:443', { host: '::1', port: 443 }],
  ['[::]:65535', { host: '::', port: 65_535 }],
  ['5000', undefined],
  ['', undefined],
  ['localhost', undefined],
  ['localhost:', undefined],
  [':65536', undefined],
  ['::1:5000', undefined],
  ['http://localhost:5000', undefined],
  ['a b:5000', undefined],
]

for (const [address, expected] of addresses) {
  test(`parseListenAddress(${JSON.stringify(address)})`, () => {
    assert.deepEqual(parseListenAddress(address), expected)
  })
}
