import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inheritedSocket } from './inherited-socket.ts'

describe('the socket that systemd passes', () => {
  it('is the third descriptor, with its name if it has one', () => {
    assert.deepEqual(inheritedSocket({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7), { fd: 3 })
    assert.deepEqual(
      inheritedSocket({ LISTEN_PID: '7', LISTEN_FDS: '1', LISTEN_FDNAMES: 'berth.socket' }, 7),
      {
        fd: 3,
        name: 'berth.socket',
      },
    )
  })

  for (const env of [
    {},
    { LISTEN_FDS: '1' },
    { LISTEN_PID: '8', LISTEN_FDS: '1' },
    { LISTEN_PID: '8', LISTEN_FDS: '2' },
    { LISTEN_PID: '7' },
    { LISTEN_PID: '7', LISTEN_FDS: '' },
    { LISTEN_PID: '7', LISTEN_FDS: '0' },
    { LISTEN_PID: '7', LISTEN_FDS: 'x' },
  ]) {
    it(`is none by ${JSON.stringify(env)}`, () => assert.equal(inheritedSocket(env, 7), undefined))
  }

  it('must be one only', () => {
    assert.throws(() => inheritedSocket({ LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b' }, 7), {
      message:
        'systemd passed 2 sockets (a:b): one is expected, so the .socket unit may have one Listen… line only',
    })
  })
})
