import type { Path } from './path.ts'

/** Keys whose values, and all that is below them, are never shown. */
const secretKeys: ReadonlySet<string> = new Set([
  'accesskey',
  'accesskeyid',
  'accesskeysecret',
  'accountkey',
  'apikey',
  'authorization',
  'connectionstring',
  'cookie',
  'credentials',
  'encryptionkeyid',
  'keyid',
  'licensekey',
  'password',
  'proxy-authorization',
  'secret',
  'secretkey',
  'sentinelpassword',
  'sessiontoken',
  'tempurlcontainerkey',
  'token',
])

/** `auth.token` is the name of an access controller, not a token. */
const controllers = 'auth'

/** Whether the value at that path must never be printed. */
export function isSecret(path: Path): boolean {
  return path.some(
    (part, index) =>
      typeof part === 'string' &&
      secretKeys.has(part.toLowerCase()) &&
      !(index === 1 && path[0] === controllers),
  )
}

/** Text with the user and password of any URL in it blotted out. */
export function withoutUserInfo(text: string): string {
  return text.replace(/(\/\/)[^/?#\s]*@/g, '$1***@')
}
