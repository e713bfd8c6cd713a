import { longestPassword } from '../../auth/htpasswd/password-hash.ts'
import type { PasswordSource } from './command-line.ts'
import { HtpasswdError } from './htpasswd-error.ts'
import { InputLines } from './input-lines.ts'
import type { Questions } from './terminal.ts'

export interface PasswordSurroundings {
  readonly input: AsyncIterable<Uint8Array>
  readonly openTerminal: () => Questions | undefined
  /** Standard error. */
  readonly err: (text: string) => void
}

/**
 * Gets the password, and sees that it is one that clients can send and registries verify.
 *
 * @param isNew it is typed twice, for nobody sees it
 * @throws HtpasswdError
 */
export async function getPassword(
  source: PasswordSource,
  isNew: boolean,
  surroundings: PasswordSurroundings,
): Promise<string> {
  const password = await read(source, isNew, surroundings)
  if (password === '') throw new HtpasswdError('passwordMismatch', 'the password is empty')
  if (Buffer.byteLength(password) > longestPassword)
    throw new HtpasswdError(
      'tooLong',
      `password too long (> ${longestPassword} bytes): bcrypt ignores the rest`,
    )
  // RFC 7617, 2.
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(password))
    throw new HtpasswdError(
      'badCharacters',
      'password contains a control character, which no client can send',
    )
  // What decoders make of other bytes.
  if (password.includes('\ufffd')) throw new HtpasswdError('badCharacters', 'password is not UTF-8')
  return password
}

async function read(
  source: PasswordSource,
  isNew: boolean,
  { input, openTerminal, err }: PasswordSurroundings,
): Promise<string> {
  if (source.kind === 'argument') return source.password
  if (source.kind === 'input') return await new InputLines(input).all()
  const questions = openTerminal() ?? questionsTo(new InputLines(input), err)
  try {
    if (!isNew) return await questions.ask('Enter password: ')
    const password = await questions.ask('New password: ')
    if ((await questions.ask('Re-type new password: ')) === password) return password
    throw new HtpasswdError('passwordMismatch', 'password verification error')
  } finally {
    questions.close()
  }
}

/** Where there is no terminal, as Apache's does: the answers are lines of standard input. */
function questionsTo(lines: InputLines, err: (text: string) => void): Questions {
  return {
    ask: async (question) => {
      err(question)
      return await lines.line()
    },
    close: () => err('\n'),
  }
}
