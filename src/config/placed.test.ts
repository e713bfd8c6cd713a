import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placed } from './placed.ts'
import type { Source } from './source.ts'

test('an error that names a key gets the place of its value', () => {
  const sources = new Map<string, Source>([
    ['http.tls.key', { kind: 'file', file: 'config.yml', line: 3, column: 9 }],
    ['http.tls.clientcas[0]', { kind: 'variable', name: 'REGISTRY_HTTP_TLS_CLIENTCAS' }],
    ['http.addr', { kind: 'default' }],
  ])
  const text = ': /a: no such file'
  assert.equal(placed(`http.tls.key${text}`, sources), `config.yml:3:9: http.tls.key${text}`)
  assert.equal(
    placed(`http.tls.clientcas${text}`, sources),
    `REGISTRY_HTTP_TLS_CLIENTCAS: http.tls.clientcas${text}`,
  )
  for (const other of [`http.addr${text}`, `http.net${text}`, 'no key at all', 'key: x'])
    assert.equal(placed(other, sources), other)
})
