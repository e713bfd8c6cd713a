import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { release } from './release.ts'

const canTransfer = 'transfer' in ArrayBuffer.prototype

describe('release', () => {
  it('frees a buffer that has its memory for itself, where Node can', () => {
    const buffer = Buffer.allocUnsafeSlow(8192).fill('x')
    release(buffer)
    assert.equal(buffer.length, canTransfer ? 0 : 8192)
    if (!canTransfer) assert.ok(buffer.every((byte) => byte === 0x78))
  })

  it('leaves one that shares its memory with others, at whatever end', () => {
    const whole = Buffer.allocUnsafeSlow(16384).fill('x')
    for (const part of [
      whole.subarray(0, 8192),
      whole.subarray(8192),
      whole.subarray(1),
      whole.subarray(0, 16383),
    ])
      release(part)
    assert.equal(whole.length, 16384)
    assert.ok(whole.every((byte) => byte === 0x78))
    const pooled = Buffer.from('from the pool')
    release(pooled)
    assert.equal(pooled.toString(), 'from the pool')
  })

  it('leaves small ones, and none at all', () => {
    const small = Buffer.allocUnsafeSlow(100).fill('x')
    release(small)
    assert.equal(small.length, 100)
    release(new Uint8Array())
  })

  it('may be called twice', () => {
    const buffer = Buffer.allocUnsafeSlow(8192)
    release(buffer)
    release(buffer)
  })
})
