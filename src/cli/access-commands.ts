import { Option, type Command } from 'commander'
import type { ExplainOptions } from './access.ts'
import { defaultsOption, fileArgument } from './arguments.ts'

/**
 * Adds `explain` to the command `access`.
 *
 * @param exit is told the exit code
 */
export function addAccessCommands(access: Command, exit: (code: number) => void): void {
  access
    .command('explain')
    .description('say whether somebody may do something, and which rule decides')
    .argument(...fileArgument)
    .option(...defaultsOption)
    .option('--user <name>', 'who asks')
    .addOption(new Option('--anonymous', 'somebody asks who is not logged in').conflicts(['user', 'claim']))
    .option('--claim <name=value>', "a claim of that user's token; may be given several times", collect)
    .option('--action <action>', 'pull, push, delete or list')
    .option('--repository <name>', 'with which repository')
    .option('--tag <tag>', 'of a push: which tag it sets')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nIt reads the configuration that serve would use, and access.groupfile. Passwords and tokens are not looked at.' +
        '\nWarnings and mistakes go to standard error, a line each.' +
        '\nExit code: 0 allowed; 1 denied; 2 when it cannot be said.\n',
    )
    // Commander's own code for a mistake is 1, which means denied here.
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action(async (file: string | undefined, options: ExplainOptions) => {
      // Loaded when it is wanted: `serve` starts without it.
      const { explainAccess } = await import('./access.ts')
      // Whoever reads may have enough before the end.
      process.stdout.on('error', () => {})
      exit(
        await explainAccess(file, options, {
          env: process.env,
          out: (text) => void process.stdout.write(text),
          err: (text) => void process.stderr.write(text),
        }),
      )
    })
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}
