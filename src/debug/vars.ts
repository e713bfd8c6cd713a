import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** Counts the runs of the garbage collector, from when it is made to `stop`. */
export class CollectionCount {
  runs = 0
  /** Milliseconds. */
  pause = 0
  readonly #observer: PerformanceObserver

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.runs++
        this.pause += duration
      }
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#observer.disconnect()
  }
}

/** What Go's expvar tells of memory, by Go's names, as far as Node knows it. Bytes, and nanoseconds. */
export function memoryStats({ runs, pause }: CollectionCount): Readonly<Record<string, number>> {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
  const { heap_size_limit: limit, malloced_memory: malloced } = getHeapStatistics()
  return {
    Alloc: heapUsed,
    Sys: rss,
    HeapAlloc: heapUsed,
    HeapSys: heapTotal,
    HeapInuse: heapUsed,
    HeapIdle: heapTotal - heapUsed,
    NumGC: runs,
    PauseTotalNs: Math.round(pause * 1e6),
    // Node's own.
    HeapLimit: limit,
    External: external,
    ArrayBuffers: arrayBuffers,
    Malloced: malloced,
  }
}

const secretOption = /^(--?[\w-]*(?:password|passwd|secret|token|key)[\w-]*)(=.*)?$/is

/** The command line without what may be secret: values of options with such names, and credentials in URLs. */
export function redactedArguments(args: readonly string[]): readonly string[] {
  let hidesNext = false
  return args.map((arg) => {
    if (hidesNext) {
      hidesNext = false
      if (!arg.startsWith('-')) return 'xxxxx'
    }
    const match = secretOption.exec(arg)
    if (match !== null) {
      hidesNext = match[2] === undefined
      return match[2] === undefined ? arg : `${match[1]}=xxxxx`
    }
    return arg.replaceAll(/\/\/[^/@\s]*@/g, '//xxxxx@')
  })
}
