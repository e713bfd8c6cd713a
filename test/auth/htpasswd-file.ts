import { hash } from 'bcrypt'

/** The least that bcrypt takes: tests are about who is let in, not about how long it takes. */
export const cheapCost = 4

/** A line of a password file. */
export async function htpasswdLine(
  user: string,
  password: string,
  cost: number = cheapCost,
): Promise<string> {
  return `${user}:${await hash(password, cost)}\n`
}

/** A whole file, of users and their passwords. */
export async function htpasswdFile(
  users: Readonly<Record<string, string>>,
  cost: number = cheapCost,
): Promise<string> {
  const lines = await Promise.all(
    Object.entries(users).map(([user, password]) => htpasswdLine(user, password, cost)),
  )
  return lines.join('')
}

/** The value of an `Authorization` header (RFC 7617). */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
