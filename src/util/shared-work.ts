/** Pieces of work for one key that run at once, before more who ask for it share one. */
const most = 2

interface Work<Value> {
  running: number
  /** What those share who came while so much was running: it begins when the first of that ends. */
  next: Outcome<Value> | undefined
}

/**
 * Lets many who ask for the same at once share the work. Whoever asks gets the outcome of work that began afterwards, so that nobody
 * is told what was true before.
 */
export class SharedWork<Key, Value> {
  readonly #start: (key: Key) => Promise<Value>
  readonly #works = new Map<Key, Work<Value>>()

  /** @param start does the work for a key */
  constructor(start: (key: Key) => Promise<Value>) {
    this.#start = start
  }

  async do(key: Key): Promise<Value> {
    const work = this.#works.get(key) ?? { running: 0, next: undefined }
    this.#works.set(key, work)
    if (work.running < most) return await this.#run(key, work)
    work.next ??= new Outcome<Value>()
    return await work.next.promise
  }

  async #run(key: Key, work: Work<Value>): Promise<Value> {
    work.running++
    try {
      return await this.#start(key)
    } finally {
      work.running--
      const { next } = work
      work.next = undefined
      if (next !== undefined) this.#run(key, work).then(next.resolve, next.reject)
      else if (work.running === 0) this.#works.delete(key)
    }
  }
}

/** An outcome to come: `Promise.withResolvers`, which Node 20 does not have. */
class Outcome<Value> {
  resolve: (value: Value) => void = ignore
  reject: (error: unknown) => void = ignore
  readonly promise: Promise<Value> = new Promise((onValue, onError) => {
    this.resolve = onValue
    this.reject = onError
  })
}

function ignore(): void {
  // Replaced as soon as there is a promise.
}
