/** The exit codes of Apache's htpasswd, which scripts know. */
export const exitCodes = {
  fileAccess: 1,
  syntax: 2,
  passwordMismatch: 3,
  interrupted: 4,
  tooLong: 5,
  badCharacters: 6,
  notValidFile: 7,
} as const

/** Why the tool ends without having done its work. The message is one line for the user. */
export class HtpasswdError extends Error {
  readonly exitCode: number
  /** How the tool is called is told, too. */
  readonly wantsUsage: boolean

  constructor(
    code: keyof typeof exitCodes,
    message: string,
    { wantsUsage = false }: { readonly wantsUsage?: boolean } = {},
  ) {
    super(message)
    this.name = 'HtpasswdError'
    this.exitCode = exitCodes[code]
    this.wantsUsage = wantsUsage
  }
}
