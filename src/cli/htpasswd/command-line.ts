import { highestCost } from '../../auth/htpasswd/password-hash.ts'
import { HtpasswdError } from './htpasswd-error.ts'

export type PasswordSource =
  | { readonly kind: 'argument'; readonly password: string }
  /** All of standard input. */
  | { readonly kind: 'input' }
  | { readonly kind: 'prompt' }

interface Common {
  readonly user: string
  readonly source: PasswordSource
  /** bcrypt's: two to this power are its rounds. */
  readonly cost: number
}

export type HtpasswdCommand =
  | (Common & { readonly action: 'print' })
  | (Common & { readonly action: 'set' | 'create' | 'delete' | 'verify'; readonly file: string })

/** Apache's is 5, from another time: a registry remembers whom it has verified, so that its users can have a better one. */
const defaultCost = 10

const lowestCost = 4

/** Apache's limit, in bytes. */
const longestUser = 255

export const usage: string = `Usage:
  htpasswd [-Bci] [-C cost] passwordfile username
  htpasswd -b[Bc] [-C cost] passwordfile username password
  htpasswd -n[Bi] [-C cost] username
  htpasswd -nb[B] [-C cost] username password
  htpasswd -v[i] passwordfile username
  htpasswd -vb passwordfile username password
  htpasswd -D passwordfile username

  -B  hash with bcrypt: the default, for registries understand nothing else
  -C  bcrypt's cost, 4 to 17: each step doubles the time (default: 10)
  -c  create the file; one that exists loses all its users
  -n  print the line and change no file
  -b  take the password from the command line, where others on this machine can see it
  -i  read the password from standard input
  -D  delete the user
  -v  verify the user's password
`

/** Apache's other kinds of hashes. */
const refused: Readonly<Record<string, string>> = {
  m: 'MD5 hashes (apr1)',
  d: 'DES hashes (crypt)',
  s: 'SHA-1 hashes',
  '2': 'SHA-256 hashes (crypt)',
  '5': 'SHA-512 hashes (crypt)',
  r: 'SHA-256 and SHA-512 hashes',
  p: 'plain text',
}

const flags: ReadonlySet<string> = new Set(['c', 'n', 'D', 'v', 'b', 'i', 'B'])

/**
 * Reads the arguments as Apache's htpasswd does: options may be written together, end at the first argument that is none, and what
 * follows is taken as it is.
 *
 * @throws HtpasswdError
 */
export function parseCommandLine(args: readonly string[]): HtpasswdCommand {
  const { options, cost, operands } = splitArguments(args)
  const [action = 'set', another] = actions.flatMap(([flag, name]) => (options.has(flag) ? [name] : []))
  if (another !== undefined) throw new HtpasswdError('syntax', 'only one of -c -n -v -D may be specified')
  if (options.has('b') && options.has('i'))
    throw new HtpasswdError('syntax', 'only one of -b -i may be specified', { wantsUsage: true })

  const count = 1 + (action === 'print' ? 0 : 1) + (options.has('b') ? 1 : 0)
  if (operands.length !== count) {
    const found = `${operands.length === 0 ? 'no' : operands.length} argument${operands.length === 1 ? '' : 's'}`
    throw new HtpasswdError('syntax', `${found} where ${count} belong${count === 1 ? 's' : ''}`, {
      wantsUsage: true,
    })
  }
  const [file = '', user = '', password = ''] = action === 'print' ? ['', ...operands] : operands
  checkUser(user)
  const common = { user, cost, source: sourceOf(options, password) }
  return action === 'print' ? { action, ...common } : { action, file, ...common }
}

const actions: readonly (readonly [string, HtpasswdCommand['action']])[] = [
  ['c', 'create'],
  ['n', 'print'],
  ['v', 'verify'],
  ['D', 'delete'],
]

function sourceOf(options: ReadonlySet<string>, password: string): PasswordSource {
  if (options.has('b')) return { kind: 'argument', password }
  return { kind: options.has('i') ? 'input' : 'prompt' }
}

function checkUser(user: string): void {
  if (Buffer.byteLength(user) > longestUser)
    throw new HtpasswdError('tooLong', `username too long (> ${longestUser})`)
  if (user.includes(':')) throw new HtpasswdError('badCharacters', "username contains illegal character ':'")
}

function splitArguments(args: readonly string[]): {
  readonly options: ReadonlySet<string>
  readonly cost: number
  readonly operands: readonly string[]
} {
  const options = new Set<string>()
  let cost = defaultCost
  let index = 0
  for (; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (arg === '--') return { options, cost, operands: args.slice(index + 1) }
    if (!arg.startsWith('-') || arg === '-') break
    const cluster = arg.slice(1)
    for (const [at, letter] of Array.from(cluster).entries()) {
      if (letter === 'C') {
        // Its value is the rest of this argument, or the next one.
        const rest = cluster.slice(at + 1)
        if (rest === '') index++
        cost = parseCost(rest === '' ? args[index] : rest)
        break
      }
      checkFlag(letter)
      options.add(letter)
    }
  }
  return { options, cost, operands: args.slice(index) }
}

function checkFlag(letter: string): void {
  const kind = refused[letter]
  if (kind !== undefined)
    throw new HtpasswdError(
      'syntax',
      `-${letter} is for ${kind}, and registries understand bcrypt alone (-B)`,
    )
  if (!flags.has(letter))
    throw new HtpasswdError('syntax', `illegal option -- ${letter}`, { wantsUsage: true })
}

function parseCost(text: string | undefined): number {
  if (text === undefined)
    throw new HtpasswdError('syntax', 'option requires an argument -- C', { wantsUsage: true })
  const cost = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (cost < lowestCost || cost > highestCost)
    throw new HtpasswdError(
      'syntax',
      `argument to -C must be a whole number from ${lowestCost} to ${highestCost}`,
    )
  return cost
}
