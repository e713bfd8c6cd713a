import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Login } from './auth-client.ts'
import { repositoryRoot } from './require-program.ts'
import { run } from './run.ts'

/** A team that wants "read for all, push for CI, admin for one", on plain passwords. */

export const users = { alice: 'an admin', bot: 'of ci', carol: 'anybody' }
export type User = keyof typeof users

export function who(user: User): Login {
  return { user, password: users[user] }
}

export const rules: readonly Rule[] = [
  { who: ['group:admins'], repositories: ['**'], allow: ['all'] },
  { who: ['authenticated'], repositories: ['users/{user}/**'], allow: ['all'] },
  { who: ['group:ci'], repositories: ['apps/**'], allow: ['push', 'list'], tags: ['1.*'] },
  { who: ['authenticated'], repositories: ['team/**'], allow: ['pull', 'list'] },
  { who: ['anonymous'], repositories: ['open/**', 'apps/**'], allow: ['pull', 'list'] },
]

interface Rule {
  readonly who: readonly string[]
  readonly repositories: readonly string[]
  readonly allow: readonly string[]
  readonly tags?: readonly string[]
}

/** The password file as our own tool writes it, in the ways that people use. */
export async function writeByBerth(
  path: string,
  passwords: Readonly<Record<User, string>> = users,
): Promise<void> {
  const berth = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const htpasswd = async (args: readonly string[], input = ''): Promise<string> =>
    (await run(process.execPath, [berth, 'htpasswd', ...args], { input })).stdout
  await htpasswd(['-cBb', path, 'alice', passwords.alice])
  await htpasswd(['-iB', path, 'bot'], passwords.bot)
  appendFileSync(path, await htpasswd(['-Bbn', 'carol', passwords.carol]))
}
