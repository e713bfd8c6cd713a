import type { Command } from 'commander'
import { nextSignal } from '../server/signals.ts'
import { defaultsOption, fileArgument } from './arguments.ts'
import type { StorageCheckCommand } from './storage.ts'

/**
 * Adds `check` to the command `storage`.
 *
 * @param exit is told the exit code
 */
export function addStorageCommands(storage: Command, exit: (code: number) => void): void {
  storage
    .command('check')
    .description('say whether the storage can be used, what to do if not, and how fast it answers')
    .argument(...fileArgument)
    .option(...defaultsOption)
    .option('--rounds <number>', 'how often each thing is done', '5')
    .option('--strict', 'let no warning pass')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nIt does what serve does at its start; then it writes, reads, lists, moves, concatenates and deletes objects of its' +
        '\nown below docker/registry/v2/_berth, fetches one as a client that is sent to the store, and removes them.' +
        '\nIn read-only mode it writes nothing.' +
        '\nWarnings and problems go to standard error, a line each.' +
        '\nExit code: 0 usable; 1 not, and with --strict when there are warnings; 2 when that cannot be said.\n',
    )
    // Commander's own code for a mistake is 1, which means not usable here.
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action(async (file: string | undefined, options: StorageCheckCommand) => {
      // Loaded when it is wanted: `serve` starts without it.
      const { checkStorageCommand } = await import('./storage.ts')
      // Whoever reads may have enough before the end.
      process.stdout.on('error', () => {})
      const surroundings = {
        env: process.env,
        out: (text: string) => void process.stdout.write(text),
        err: (text: string) => void process.stderr.write(text),
      }
      exit(await checkStorageCommand(file, options, surroundings, nextSignal()))
    })
}
