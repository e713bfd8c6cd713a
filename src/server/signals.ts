import { isatty } from 'node:tty'

/** Waits for a signal that asks the process to end. Process 1 of a container has no default for them. */
export function nextSignal(): Promise<string> {
  const names = terminating()
  return new Promise((resolve) => {
    const heard = (signal: string): void => {
      for (const name of names) process.off(name, heard)
      resolve(signal)
    }
    for (const name of names) process.on(name, heard)
  })
}

/** Waits for the first such signal. Those that follow do nothing: not even what they do to a process that does not listen. */
export function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of terminating()) process.on(name, resolve)
  })
}

function terminating(): readonly string[] {
  return ['SIGTERM', 'SIGINT', ...(hasTerminal() ? ['SIGHUP'] : [])]
}

/** SIGHUPs: by custom, what asks a server to read its configuration again. */
export interface Hangups {
  /** Calls `reload` for what was heard so far, and whenever one is heard; while it works, all that come make one more. */
  follow(reload: () => Promise<void>): void
  /** None counts from now on, and none ends the process either. */
  ignore(): void
}

/** Listens from now on, so that none ends the process while it starts. */
export function hangups(): Hangups {
  let reload: (() => Promise<void>) | undefined
  let isAsked = false
  let isBusy = false
  const work = async (): Promise<void> => {
    if (isBusy || reload === undefined) return
    isBusy = true
    while (isAsked) {
      isAsked = false
      await reload()
    }
    isBusy = false
  }
  if (!hasTerminal()) {
    process.on('SIGHUP', () => {
      isAsked = true
      void work()
    })
  }
  return {
    follow(wanted) {
      reload = wanted
      void work()
    },
    ignore() {
      reload = undefined
      isAsked = false
    },
  }
}

/** Then SIGHUP says that the terminal was closed, and nobody wants to leave a server behind. */
function hasTerminal(): boolean {
  // Process 1 of a container is nobody's child, even where Docker gives it a terminal.
  return isatty(0) && process.pid !== 1
}
