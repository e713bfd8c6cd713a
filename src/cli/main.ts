import { basename } from 'node:path'
import { Command } from 'commander'
import { ConfigError } from '../config/config-error.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

/**
 * Runs a command line.
 *
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = createProgram(nameOf(argv[1]))
    // As Distribution: no command is a question, not a mistake.
    if (argv.length <= 2) program.outputHelp()
    else await program.parseAsync(argv)
    return 0
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    return 1
  }
}

/** Scripts and compose files that call `registry serve FILE` call the same program. */
function nameOf(script: string | undefined): string {
  return basename(script ?? '') === 'registry' ? 'registry' : 'berth'
}

function createProgram(name: string): Command {
  const program = new Command(name)
    .description('A container registry server that takes the place of registry:2.')
    .version(`${name} berth ${version}`, '-v, --version')
  program
    .command('serve')
    .description('serve a registry')
    .argument(
      '[file]',
      "configuration file; else REGISTRY_CONFIGURATION_PATH, the image's file, or built-in defaults",
    )
    .option('--defaults', 'look for no file where the images have theirs')
    .action((file: string | undefined, options: { readonly defaults?: true }) => serve(file, options))
  return program
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return `configuration error: ${error.message}`
  return error instanceof Error ? `error: ${error.message}` : String(error)
}
