import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cipherSuites } from '../config/cipher-suites.ts'
import { run } from '../../test/support/run.ts'
import { cipherSuiteNames, openSslCiphers } from './cipher-suites.ts'

const tls13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

const refused = ['TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA']

describe('the names of cipher suites', () => {
  it('are those that the configuration takes', () => {
    assert.deepEqual([...cipherSuiteNames].toSorted(), [...cipherSuites].toSorted())
  })

  it('mean for OpenSSL what they mean for Go', async () => {
    // Go's names are those of IANA.
    const { stdout } = await run('openssl', ['ciphers', '-stdname', 'ALL:@SECLEVEL=0'])
    const lines = stdout.matchAll(/^(\S+) +- (\S+)/gm)
    const standard = new Map(Array.from(lines, ([, name = '', openSslName = '']) => [name, openSslName]))
    for (const name of cipherSuiteNames.filter((known) => !refused.includes(known))) {
      const own = openSslCiphers([name]).split(':').slice(3)
      assert.deepEqual(own, name.includes('_WITH_') ? [standard.get(name)] : [], name)
    }
  })

  it('that Node lacks are refused, and it is said why', () => {
    for (const name of refused)
      assert.throws(() => openSslCiphers(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', name]), {
        message: `http.tls.ciphersuites: ${name} is not available, for the OpenSSL of this Node.js is built without it; take it out of the list`,
      })
  })

  it('that nobody knows are refused, with those that are known', () => {
    for (const name of ['TLS_RSA_WITH_RC4_128_SHA', 'toString', 'ECDHE-RSA-AES128-GCM-SHA256', ''])
      assert.throws(
        () => openSslCiphers([name]),
        (error: Error) =>
          error.message.startsWith(`unknown TLS cipher suite '${name}'`) &&
          /TLS_RSA_WITH/.test(error.message),
      )
  })
})

describe('a list of cipher suites', () => {
  it("is Distribution's when it is empty", () => {
    assert.deepEqual(openSslCiphers([]).split(':'), [
      ...tls13.split(':'),
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ])
  })

  it('has all of TLS 1.3, and the order of Go', () => {
    assert.equal(
      openSslCiphers(['TLS_RSA_WITH_AES_256_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384']),
      `${tls13}:ECDHE-RSA-AES256-GCM-SHA384:AES256-SHA`,
    )
    assert.equal(openSslCiphers(['TLS_AES_256_GCM_SHA384']), tls13)
  })
})
