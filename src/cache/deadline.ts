/** There was no answer in time. */
export class TooLate extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
    this.name = 'TooLate'
  }
}

/**
 * Waits no longer than that. What comes later goes nowhere.
 *
 * @throws TooLate
 */
export async function within<Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    // After a busy moment of this process the timer is looked at before the answer that lies there: let that be read first.
    timer = setTimeout(() => setImmediate(() => reject(new TooLate(milliseconds))), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
