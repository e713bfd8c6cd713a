/**
 * What must not outlive a test process, however it ends: its daemons, mounts and folders. Tests clean up after
 * themselves; this is for those that failed half way or were stopped by a signal.
 */

/** The part of a test's context that this folder needs; `{ after }` of node:test will do as well. */
export interface Cleaner {
  after(cleanUp: () => Promise<void> | void): void
}

const pending = new Set<() => void>()
let hooked = false

/** Runs `action`, which must be synchronous, when this process ends, unless the returned function was called before. */
export function atExit(action: () => void): () => void {
  if (!hooked) {
    hooked = true
    process.on('exit', runAll)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        process.exit(1)
      })
    }
  }
  pending.add(action)
  return () => {
    pending.delete(action)
  }
}

function runAll(): void {
  // Latest first: a daemon ends before the folder it lives in is removed.
  for (const action of [...pending].toReversed()) {
    try {
      action()
    } catch {
      // The others shall still run.
    }
  }
}
