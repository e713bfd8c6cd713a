import { randomBytes, randomUUID } from 'node:crypto'
import { constants, copyFile, link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../util/file-problem.ts'
import { defaultCost } from './users.ts'

/** Distribution's. */
const defaultUser = 'docker'

/** Of random. */
const passwordBytes = 32

export interface ProvisionOptions {
  readonly path: string
  /** Told the new password, once. The log must not be: it is kept, and read by many. */
  readonly tell: (text: string) => void
}

/**
 * Makes a password file with one user and a random password, as Distribution does where there is none. Of several processes that do
 * so at once, one wins, and the others leave its file alone; none ever sees half of it.
 *
 * @throws Error of the file system
 */
export async function provisionHtpasswd({ path, tell }: ProvisionOptions): Promise<void> {
  const { hash } = await import('bcrypt')
  const password = randomBytes(passwordBytes).toString('base64url')
  const content = `${defaultUser}:${await hash(password, defaultCost)}\n`
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  try {
    await writeDurably(draft, content)
    if (!(await publish(draft, path))) return
  } finally {
    await unlink(draft).catch(() => undefined)
  }
  tell(`the password file ${path} was missing and has been made; this is shown once:
user ${defaultUser}, password ${password}\n`)
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Gives the draft its name, unless somebody else was first. */
async function publish(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path).catch(async (error: unknown) => {
      if (codeOf(error) === 'EEXIST') throw error
      // Some file systems have no links.
      await copyFile(draft, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}
