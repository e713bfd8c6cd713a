import { writeSync } from 'node:fs'

/** How often a full pipe is tried again, and after how many milliseconds. */
const attempts = 100
const pause = 5

/**
 * Writes to standard error before it returns. A log that cannot be written, on a full disk or to a reader that went away,
 * is no reason to stop serving: it is lost. A reader that does not read is waited for once, half a second, and then not
 * again until it reads.
 *
 * @param write as `writeSync` of node:fs
 */
export function standardError(
  write: (bytes: Buffer) => number = (bytes) => writeSync(2, bytes),
): (lines: string) => void {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  let isStuck = false
  let isCut = false
  return (lines) => {
    // What comes after half a line must not be taken for its end.
    let rest = Buffer.from(isCut ? `\n${lines}` : lines)
    const { length } = rest
    for (let attempt = 0; rest.length > 0; attempt++) {
      try {
        rest = rest.subarray(write(rest))
        isStuck = false
      } catch (error) {
        if (!isFull(error)) break
        if (isStuck || attempt >= attempts) {
          isStuck = true
          break
        }
        Atomics.wait(clock, 0, 0, pause)
      }
    }
    if (rest.length < length) isCut = rest.length > 0
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
