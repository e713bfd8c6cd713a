import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  decodeHtpasswd,
  parseHtpasswd,
  removeUser,
  setUser,
  userNameProblem,
} from '../../auth/htpasswd/htpasswd-file.ts'
import { comparableHash } from '../../auth/htpasswd/password-hash.ts'
import { fileProblem } from '../../util/file-problem.ts'
import { parseCommandLine, usage, type HtpasswdCommand } from './command-line.ts'
import { editFile } from './edit-file.ts'
import { exitCodes, HtpasswdError } from './htpasswd-error.ts'
import { getPassword, type PasswordSurroundings } from './password.ts'

export interface HtpasswdSurroundings extends PasswordSurroundings {
  /** Standard output. */
  readonly out: (text: string) => Promise<void>
}

type FileCommand = Exclude<HtpasswdCommand, { action: 'print' }>

/**
 * `htpasswd`: changes and verifies files of users and passwords, as Apache's tool of that name, for bcrypt alone.
 *
 * @param args what stands after the name
 * @returns the exit code, which is Apache's
 */
export async function htpasswd(args: readonly string[], surroundings: HtpasswdSurroundings): Promise<number> {
  const { out, err } = surroundings
  try {
    if (args[0] === '--help' || args[0] === '-h') await out(usage)
    else await run(parseCommandLine(args), surroundings)
    return 0
  } catch (error) {
    if (!(error instanceof HtpasswdError)) {
      err(`htpasswd: ${fileProblem(error)}\n`)
      return exitCodes.fileAccess
    }
    err(`htpasswd: ${error.message}\n${error.wantsUsage ? usage : ''}`)
    return error.exitCode
  }
}

async function run(command: HtpasswdCommand, surroundings: HtpasswdSurroundings): Promise<void> {
  switch (command.action) {
    case 'print':
      // A line more, as Apache's.
      await surroundings.out(`${command.user}:${await newHash(command, surroundings)}\n\n`)
      return
    case 'verify':
      await verify(command, surroundings)
      return
    case 'delete':
      checkAccess(command)
      await edit(command, surroundings, (text) => ({
        text: removeUser(text, command.user),
        told: (isKnown) => (isKnown ? `Deleting password for user ${command.user}` : notFound(command)),
      }))
      return
    default: {
      // Before anybody is asked for a password.
      checkAccess(command)
      const hash = await newHash(command, surroundings)
      await edit(command, surroundings, (text) => ({
        text: setUser(text, command.user, hash),
        told: (isKnown) => `${isKnown ? 'Updating' : 'Adding'} password for user ${command.user}`,
      }))
    }
  }
}

/** `$2y$`, as Apache's: every program that reads bcrypt knows it. */
async function newHash(command: HtpasswdCommand, surroundings: HtpasswdSurroundings): Promise<string> {
  const wrong = userNameProblem(command.user)
  if (wrong !== undefined) throw new HtpasswdError('badCharacters', wrong)
  const password = await getPassword(command.source, true, surroundings)
  const { genSalt, hash } = await import('bcrypt')
  return `$2y$${(await hash(password, await genSalt(command.cost, 'b'))).slice(4)}`
}

async function verify(command: FileCommand, surroundings: HtpasswdSurroundings): Promise<void> {
  checkAccess(command)
  const password = await getPassword(command.source, false, surroundings)
  const text = textOf(readFileSync(command.file), command.file)
  if (removeUser(text, command.user) === undefined)
    throw new HtpasswdError('badCharacters', notFound(command))
  const known = parseHtpasswd(text).users.get(command.user)
  if (known === undefined)
    throw new HtpasswdError(
      'passwordMismatch',
      `the hash of user ${command.user} is none that registries understand: bcrypt, of a cost up to 17`,
    )
  const { compare } = await import('bcrypt')
  if (!(await compare(password, comparableHash(known))))
    throw new HtpasswdError('passwordMismatch', 'password verification failed')
  surroundings.err(`Password for user ${command.user} correct.\n`)
}

interface Edited {
  /** Undefined leaves the file as it is. */
  readonly text: string | undefined
  readonly told: (isKnown: boolean) => string
}

async function edit(
  { action, file, user }: FileCommand,
  { err }: HtpasswdSurroundings,
  change: (text: string) => Edited,
): Promise<void> {
  let told = ''
  const create = action === 'create'
  await editFile(
    file,
    (content) => {
      const old = create ? '' : textOf(content, file)
      const edited = change(old)
      told = edited.told(removeUser(old, user) !== undefined)
      return edited.text === undefined ? undefined : Buffer.from(edited.text)
    },
    { create },
  ).catch((error: unknown) => {
    if (error instanceof HtpasswdError) throw error
    throw new HtpasswdError('fileAccess', `cannot modify file ${file}: ${fileProblem(error)}`)
  })
  err(`${told}\n`)
}

function notFound({ user }: HtpasswdCommand): string {
  return `User ${user} not found`
}

/** A file that has lines of another form is something else, and must not be written to. */
function textOf(content: Buffer, file: string): string {
  const fail = (why: string): never => {
    throw new HtpasswdError(
      'notValidFile',
      `The file ${file} does not appear to be a valid htpasswd file: ${why}`,
    )
  }
  let text = ''
  try {
    text = decodeHtpasswd(content)
  } catch (error) {
    fail(fileProblem(error))
  }
  const bad = text.split('\n').findIndex((line) => !/^\s*(?:#|$)/.test(line) && !line.includes(':'))
  return bad < 0 ? text : fail(`line ${bad + 1} has no colon`)
}

/** Says what stands in the way before it is too late for a password. */
function checkAccess({ action, file }: FileCommand): void {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats?.isFile() === false) noAccess(`${file} is not a regular file`)
  if (stats === undefined && action === 'set') noAccess(`cannot modify file ${file}; use '-c' to create it`)
  if (stats === undefined && action !== 'create') noAccess(`cannot open file ${file}: no such file`)
  const { R_OK, W_OK, X_OK } = constants
  const [path, mode, what] =
    stats === undefined
      ? [dirname(file), W_OK | X_OK, `cannot create file ${file}`]
      : action === 'verify'
        ? [file, R_OK, `cannot open file ${file} for read access`]
        : [file, R_OK | W_OK, `cannot open file ${file} for read/write access`]
  try {
    accessSync(path, mode)
  } catch (error) {
    noAccess(`${what}: ${fileProblem(error)}`)
  }
}

function noAccess(what: string): never {
  throw new HtpasswdError('fileAccess', what)
}
