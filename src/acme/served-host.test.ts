import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { makeCertificate } from '../../test/tls/certificates.ts'
import type { HostName } from './host-name.ts'
import { ServedHost } from './served-host.ts'

describe('a served host', () => {
  it('has one context, until that is to be made of something else', async (t) => {
    const { certificate, key } = await makeCertificate(temporaryFolder(t).path, { name: 'a' })
    const served = new ServedHost(
      'registry.example.com' as HostName,
      { key: readFileSync(key, 'utf8'), chain: readFileSync(certificate, 'utf8'), begins: 0, expires: 1000 },
      0,
    )
    const options = { minVersion: 'TLSv1.2' } as const
    const context = served.context(options)
    assert.equal(served.context(options), context)
    assert.notEqual(served.context({ ...options }), context)
    assert.equal(served.hasExpired(999), false)
    assert.equal(served.hasExpired(1000), true)
  })
})
