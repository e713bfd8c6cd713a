import assert from 'node:assert/strict'
import test from 'node:test'
import { SharedStream, wholePieces } from './whole-lines.ts'

function line(length: number, letter = 'a'): string {
  return `${letter.repeat(length - 1)}\n`
}

void test('pieces are as long as a pipe takes at once, and end where lines do', () => {
  const lines =
    line(1000) + line(3000, 'b') + line(200, 'ä') + line(4096, 'c') + line(9000, 'd') + line(10, 'e')
  const pieces = [...wholePieces(lines)]
  assert.equal(Buffer.concat(pieces).toString(), lines)
  for (const piece of pieces) {
    assert.equal(piece.at(-1), 0x0a)
    const isAlone = piece.indexOf(0x0a) === piece.length - 1
    assert.ok(piece.length <= 4096 || isAlone, String(piece.length))
  }
  assert.equal(pieces.length, 5)
  assert.deepEqual([...wholePieces('')], [])
  assert.deepEqual([...wholePieces('half')].map(String), ['half'])
})

void test('one piece is written after the other, and what waits is counted', async () => {
  const written: Uint8Array[] = []
  let done: (() => void) | undefined
  const stream = new SharedStream({
    write: (piece, callback) => {
      assert.equal(done, undefined, 'one at a time')
      written.push(piece)
      done = callback
    },
  })
  stream.write(line(3000) + line(3000))
  stream.write(line(10))
  assert.equal(stream.writableLength, 6010)
  for (const left of [3010, 10, 0]) {
    const callback = done
    done = undefined
    callback?.()
    assert.equal(stream.writableLength, left)
  }
  assert.deepEqual(
    written.map(({ length }) => length),
    [3000, 3000, 10],
  )
  assert.equal(done, undefined)
})
