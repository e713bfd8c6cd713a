import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { attempt, type Client, type Login } from './auth-client.ts'
import { startContainerdDaemon } from './containerd-daemon.ts'
import type { ImageLayout } from './images.ts'
import { run, words } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What `requireProgram` should be asked for. */
export const containerdPrograms = ['containerd', 'ctr', 'tar'] as const

/** A containerd of the test's own, and its `ctr`, which is told user and password at every command. */
export async function startContainerd(layout: ImageLayout, tag: string, test: Cleaner): Promise<Client> {
  const folder = temporaryFolder(test).path
  const daemon = await startContainerdDaemon(folder, test)
  const ctr = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await daemon.ctr(...args)
    return stdout + stderr
  }
  const archive = join(folder, 'layout.tar')
  await run('tar', ['-cf', archive, '-C', layout.folder, 'oci-layout', 'index.json', 'blobs'])
  let user: string[] = []
  const own = `own:${tag}`
  const have = async (): Promise<void> => {
    if (!(await ctr('images', 'ls', '--quiet')).split('\n').includes(own))
      await ctr('images', 'import', '--no-unpack', '--base-name', 'own', archive)
  }
  return {
    name: 'containerd',
    login: (_host: string, who: Login) => {
      user = ['--user', `${who.user}:${who.password}`]
      return Promise.resolve({ ok: true, text: '' })
    },
    logout: () => {
      user = []
      return Promise.resolve({ ok: true, text: '' })
    },
    push: async (name) => {
      await have()
      return await attempt(() => ctr(...words('images push --plain-http'), ...user, name, own))
    },
    pull: async (name) => {
      const names = (await ctr('images', 'ls', '--quiet')).split('\n').filter((line) => line !== '')
      if (names.length > 0) await ctr('images', 'remove', '--sync', ...names)
      return await attempt(() => ctr(...words('content fetch --plain-http'), ...user, name))
    },
  }
}
