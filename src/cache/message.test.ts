import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { readMessage, writeMessage, type Message } from './message.ts'

const sender = '0123456789abcdef'
const repository = parseRepositoryName(`a/${'b'.repeat(200)}`)
const digest = digestOf(Buffer.from('x'), 'sha512')

describe('what processes tell each other', () => {
  it('is read as it was written', () => {
    const messages: readonly Message[] = [
      { kind: 'here', sender },
      { kind: 'gone', sender },
      { kind: 'changed', sender, number: 7, repository, digest },
      { kind: 'changed', sender, number: 999_999_999_999_999, repository, digest: undefined },
      { kind: 'heard', sender, to: 'fedcba9876543210', number: 7 },
    ]
    for (const message of messages) assert.deepEqual(readMessage(writeMessage(message)), message)
  })

  it('is nothing when it has another form', () => {
    const others = [
      '',
      'here',
      `here ${sender.toUpperCase()}`,
      `here ${sender} x`,
      `there ${sender}`,
      `changed ${sender} 1 A/B -`,
      `changed ${sender} 1 a sha256:1`,
      `changed ${sender} -1 a -`,
      `changed ${sender} 1 a - x`,
      `heard ${sender} x 1`,
      `heard ${sender} ${sender} 1 2`,
      `here ${sender}${' '.repeat(1000)}`,
    ]
    for (const text of others) assert.equal(readMessage(text), undefined, text)
  })
})
