import { basename } from 'node:path'
import { Command } from 'commander'
import { ConfigError } from '../config/config-error.ts'
import { defaultsOption, fileArgument } from './arguments.ts'
import { addAccessCommands } from './access-commands.ts'
import { addConfigCommands } from './config-commands.ts'
import { addStorageCommands } from './storage-commands.ts'
import { version } from './version.ts'

/**
 * Runs a command line.
 *
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const forHtpasswd = htpasswdArguments(argv)
    if (forHtpasswd !== undefined) return await (await import('./htpasswd.ts')).runHtpasswd(forHtpasswd)
    let code = 0
    const program = createProgram(nameOf(argv[1]), (exitCode) => {
      code = exitCode
    })
    // As Distribution: no command is a question, not a mistake.
    if (argv.length <= 2) program.outputHelp()
    else await program.parseAsync(argv)
    return code
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    return 1
  }
}

/** Scripts and compose files that call `registry serve FILE` call the same program. */
function nameOf(script: string | undefined): string {
  return basename(script ?? '') === 'registry' ? 'registry' : 'berth'
}

/** What follows is for the tool alone, which reads options as Apache's does. Undefined when it is not called. */
function htpasswdArguments(argv: readonly string[]): readonly string[] | undefined {
  if (basename(argv[1] ?? '') === 'htpasswd') return argv.slice(2)
  return argv[2] === 'htpasswd' ? argv.slice(3) : undefined
}

/** @param exit is told the exit code of a command that has one */
function createProgram(name: string, exit: (code: number) => void): Command {
  const program = new Command(name)
    .description('A container registry server that takes the place of registry:2.')
    .version(`${name} berth ${version}`, '-v, --version')
  program
    .command('serve')
    .description('serve a registry')
    .argument(...fileArgument)
    .option(...defaultsOption)
    // Loaded when it is wanted: the other commands start without it.
    .action(async (file: string | undefined, options: { readonly defaults?: true }) =>
      (await import('./serve.ts')).serve(file, options),
    )
  program
    .command('htpasswd')
    .description("change and verify files of users and passwords, with the options of Apache's htpasswd")
    .argument('[arguments...]')
    .addHelpText('after', `\n${name} htpasswd --help tells them.\n`)
  addAccessCommands(program.command('access').description('say who may do what'), exit)
  addConfigCommands(program.command('config').description('check, show and describe the configuration'), exit)
  addStorageCommands(program.command('storage').description('look at the place where images are kept'), exit)
  return program
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return `configuration error: ${error.message}`
  return error instanceof Error ? `error: ${error.message}` : String(error)
}
