import { exitCodes } from './htpasswd/htpasswd-error.ts'
import { htpasswd } from './htpasswd/htpasswd.ts'
import { openTerminal } from './htpasswd/terminal.ts'

const err = (text: string): void => void process.stderr.write(text)

/**
 * Runs the `htpasswd` tool in this process.
 *
 * @param args what stands after its name
 * @returns the exit code
 */
export async function runHtpasswd(args: readonly string[]): Promise<number> {
  process.on('SIGINT', () => {
    err('\nhtpasswd: Interrupted.\n')
    process.exit(exitCodes.interrupted)
  })
  // Each write says itself whether it failed.
  process.stdout.on('error', () => {})
  return await htpasswd(args, {
    input: process.stdin,
    openTerminal,
    err,
    out: (text) =>
      new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
      }),
  })
}
