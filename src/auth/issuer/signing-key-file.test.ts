import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readKey } from './signing-key-file.ts'

describe('a key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
  after(() => rmSync(folder, { recursive: true }))

  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  it('holds a P-256 key, as PKCS #8 or SEC 1', async () => {
    for (const type of ['pkcs8', 'sec1'] as const) {
      const path = file(`${type}.pem`, privateKey.export({ type, format: 'pem' }).toString())
      assert.ok((await readKey(path)).privateKey.equals(privateKey), type)
    }
  })

  it('may have its parameters in front, as `openssl ecparam -genkey` writes it', async () => {
    // The name of the curve, in DER.
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    const pem = parameters + privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    assert.ok((await readKey(file('openssl.pem', pem))).privateKey.equals(privateKey))
  })

  it('is refused in one line that says what is wrong', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
    const notOne = 'no private key in PEM, or an encrypted one; allowed: a P-256 key'
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const cases: readonly (readonly [string, string])[] = [
      [join(folder, 'none.pem'), 'no such file'],
      [folder, 'it is a folder, not a file'],
      [pipe, 'not a regular file'],
      [file('large.pem', 'x'.repeat(64 * 1024 + 1)), 'larger than 65536 bytes'],
      [file('empty.pem', ''), notOne],
      [file('text.pem', 'hello'), notOne],
      [
        file('public.pem', createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()),
        notOne,
      ],
      [file('encrypted.pem', privateKey.export(encrypted).toString()), notOne],
      [
        file('rsa.pem', rsa.export({ type: 'pkcs8', format: 'pem' }).toString()),
        'the key is of the kind rsa; allowed: P-256 (prime256v1)',
      ],
      [
        file('p384.pem', p384.export({ type: 'pkcs8', format: 'pem' }).toString()),
        'the key is of the kind secp384r1; allowed: P-256 (prime256v1)',
      ],
    ]
    for (const [path, reason] of cases) {
      // eslint-disable-next-line no-await-in-loop
      await assert.rejects(readKey(path), { message: `access.token.key: ${path}: ${reason}` })
    }
  })
})
