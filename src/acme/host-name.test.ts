import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parseHostName } from './host-name.ts'

describe('a host name', () => {
  it('is brought into the form that stands in certificates', () => {
    const forms: Readonly<Record<string, string>> = {
      'registry.example.com': 'registry.example.com',
      'Registry.EXAMPLE.com.': 'registry.example.com',
      'Bücher.example.com': 'xn--bcher-kva.example.com',
      'xn--bcher-kva.example.com': 'xn--bcher-kva.example.com',
      'a.XN--P1AI': 'a.xn--p1ai',
      '1.2.3.example': '1.2.3.example',
      'a-b.c--d.internal': 'a-b.c--d.internal',
      [`${'a'.repeat(63)}.com`]: `${'a'.repeat(63)}.com`,
    }
    for (const [text, name] of Object.entries(forms)) assert.equal(parseHostName(text), name)
  })

  it('is no address, no single label, no pattern, and nothing that DNS does not have', () => {
    const addresses = [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '1.2.3',
      '[::1]',
      '::1',
      '10.0.0.1.',
      '１２７.０.０.１',
    ]
    const labels = [
      '',
      '.',
      'localhost',
      'localhost.',
      'a..b.com',
      '.a.com',
      'a.com..',
      '-a.com',
      'a-.com',
      'a.123',
    ]
    const characters = ['*.example.com', 'a_b.com', '_acme.example.com', 'a b.com', 'a.com\0', 'a\n.com']
    const urls = ['a/b.com', '../a.com', 'a.com/..', 'a\\b.com', 'a.com:443', 'a@b.com', 'a%41.com', 'a?.com']
    const long = [`${'a'.repeat(64)}.com`, `${'a.'.repeat(126)}com`]
    const others = [...addresses, ...labels, ...characters, ...urls, ...long]
    for (const text of others) assert.equal(parseHostName(text), undefined, JSON.stringify(text))
  })

  it('is the same when it is read again, and safe as the name of a file', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.ipV4()), (text) => {
        const name = parseHostName(text)
        if (name === undefined) return
        assert.equal(parseHostName(name), name)
        assert.match(name, /^[a-z0-9][a-z0-9.-]{1,251}[a-z0-9]$/)
        assert.ok(!name.includes('..'))
      }),
    )
  })
})
