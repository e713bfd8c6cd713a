const terminating = ['SIGTERM', 'SIGINT'] as const

/** Waits for a signal that asks the process to end. Process 1 of a container has no default for them. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    const heard = (signal: string): void => {
      for (const name of terminating) process.off(name, heard)
      resolve(signal)
    }
    for (const name of terminating) process.on(name, heard)
  })
}
