import type { Command } from 'commander'
import { defaultsOption, fileArgument } from './arguments.ts'
import type * as configModule from './config.ts'
import type { Surroundings } from './config.ts'

type Commands = typeof configModule

/**
 * Adds `check`, `print`, `schema` and `reference` to the command `config`.
 *
 * @param exit is told the exit code
 */
export function addConfigCommands(config: Command, exit: (code: number) => void): void {
  // Loaded when it is wanted: `serve` starts without it.
  const run = async (command: (commands: Commands, surroundings: Surroundings) => number): Promise<void> => {
    // Whoever reads may have enough before the end.
    process.stdout.on('error', () => {})
    exit(
      command(await import('./config.ts'), {
        env: process.env,
        out: write(process.stdout),
        err: write(process.stderr),
      }),
    )
  }
  config
    .command('check')
    .description('say whether the configuration that serve would use is valid, and if not, why')
    .argument(...fileArgument)
    .option(...defaultsOption)
    .option('--strict', 'let no warning pass')
    .addHelpText(
      'after',
      '\nIt looks at the configuration alone: not at the certificates, folders and addresses that it names.' +
        exitCodes('0 when it is valid; 1 when not, and with --strict when there are warnings'),
    )
    .action((file: string | undefined, options: { readonly defaults?: true; readonly strict?: true }) =>
      run((commands, surroundings) => commands.checkConfigFile(file, options, surroundings)),
    )
  config
    .command('print')
    .description('print the configuration that serve would use, and where each value comes from')
    .argument(...fileArgument)
    .option(...defaultsOption)
    .option('--set', 'leave out what has its default')
    .option('--json', 'print JSON: "configuration", and "sources" by key')
    .addHelpText('after', exitCodes('0; 1 when the configuration is not valid'))
    .action(
      (
        file: string | undefined,
        options: { readonly defaults?: true; readonly set?: true; readonly json?: true },
      ) => run((commands, surroundings) => commands.printConfig(file, options, surroundings)),
    )
  config
    .command('schema')
    .description('print the JSON Schema of the file, for editors')
    .action(() => run((commands, surroundings) => commands.printSchema(surroundings)))
  config
    .command('reference')
    .description('print what every key and variable means, as Markdown')
    .action(() => run((commands, surroundings) => commands.printReference(surroundings)))
}

function exitCodes(text: string): string {
  return `\nWarnings and mistakes go to standard error, a line each.\nExit code: ${text}.\n`
}

function write(stream: NodeJS.WriteStream): (text: string) => void {
  return (text) => {
    stream.write(text)
  }
}
