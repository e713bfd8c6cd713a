import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { hangups } from './signals.ts'

describe('SIGHUP', () => {
  it('is one reload after the start, however often it came before', async () => {
    const hangup = hangups()
    process.emit('SIGHUP')
    process.emit('SIGHUP')
    let reloads = 0
    hangup.follow(async () => void reloads++)
    await turn()
    assert.equal(reloads, 1)
    process.emit('SIGHUP')
    await turn()
    assert.equal(reloads, 2)
    hangup.ignore()
  })

  it('is one more reload when it comes during one: the file may have changed after it was read', async () => {
    const hangup = hangups()
    const ends: (() => void)[] = []
    hangup.follow(() => new Promise<void>((resolve) => ends.push(resolve)))
    for (let round = 0; round < 5; round++) process.emit('SIGHUP')
    assert.equal(ends.length, 1)
    ends[0]?.()
    await turn()
    assert.equal(ends.length, 2)
    ends[1]?.()
    await turn()
    assert.equal(ends.length, 2)
    hangup.ignore()
  })

  it('is nothing once it is ignored', async () => {
    const hangup = hangups()
    hangup.follow(() => assert.fail())
    hangup.ignore()
    process.emit('SIGHUP')
    await turn()
  })
})
