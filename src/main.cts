#!/usr/bin/env node
/**
 * The entry of the process. It is CommonJS because the pool of file-system threads gets its size at the first asynchronous
 * file call, which the loading of ES modules makes.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '8'

// Until somebody else listens: process 1 of a container has no default for signals.
for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(code)
  })
}

async function run(): Promise<void> {
  const { main } = await import('./cli/main.ts')
  // At once: whatever timer is left over somewhere must not hold up the end.
  process.exit(await main(process.argv))
}

void run()
