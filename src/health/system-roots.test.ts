import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemRoots } from './system-roots.ts'

interface Files {
  readonly read: (path: string) => string
  readonly asked: string[]
}

function filesOf(files: Readonly<Record<string, string>>): Files {
  const asked: string[] = []
  return {
    asked,
    read: (path) => {
      asked.push(path)
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  }
}

describe('the authorities of the system', () => {
  it('are read once, from the first place where some are', () => {
    const files = filesOf({ '/etc/pki/tls/certs/ca-bundle.crt': '', '/etc/ssl/cert.pem': '' })
    const roots = systemRoots({ env: {}, read: files.read })
    assert.deepEqual(files.asked, [])
    assert.equal(roots(), roots())
    assert.deepEqual(files.asked, ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'])
  })

  it('are where SSL_CERT_FILE says, beside what NODE_EXTRA_CA_CERTS names', () => {
    const files = filesOf({ '/mine.pem': '', '/etc/ssl/certs/ca-certificates.crt': '', '/extra.pem': '' })
    systemRoots({
      env: { SSL_CERT_FILE: '/mine.pem', NODE_EXTRA_CA_CERTS: '/extra.pem' },
      read: files.read,
    })()
    assert.deepEqual(files.asked, ['/mine.pem', '/extra.pem'])
  })

  it('may be missing', () => {
    assert.ok(systemRoots({ env: {}, read: filesOf({}).read })())
  })
})
