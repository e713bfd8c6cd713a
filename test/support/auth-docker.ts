import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { attempt, type Client } from './auth-client.ts'
import { startDocker, type DockerDaemon } from './docker-daemon.ts'
import { ImageLayout } from './images.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface DockerClient extends Client, DockerDaemon {}

/** A Docker daemon of the test's own with a small image, which it loads whenever it has to push. */
export async function startDockerClient(test: Cleaner): Promise<DockerClient> {
  const folder = temporaryFolder(test).path
  const layout = new ImageLayout(join(folder, 'layout'))
  // Docker keeps layers uncompressed.
  const image = await layout.addImage({ seed: 'docker, who may', compression: 'none' })
  const own = 'own:image'
  layout.nameForDocker({ [own]: image })
  const archive = join(folder, 'image.tar')
  await run('tar', ['-cf', archive, '-C', layout.folder, 'manifest.json', 'blobs'])
  const daemon = await startDocker(test)
  const { docker } = daemon
  let loaded = false
  return {
    ...daemon,
    name: 'docker',
    login: (host, { user, password }) =>
      attempt(() => docker(['login', '--username', user, '--password-stdin', host], { input: password })),
    logout: (host) => attempt(() => docker(['logout', host])),
    push: async (name) => {
      if (!loaded) await docker(['load', '--quiet', '--input', archive])
      loaded = true
      await docker(['tag', own, name])
      return await attempt(() => docker(['push', name]))
    },
    pull: async (name) => {
      const ids = (await docker(['images', '--all', '--quiet'])).split('\n').filter((id) => id !== '')
      if (ids.length > 0) await docker(['rmi', '--force', ...new Set(ids)])
      loaded = false
      return await attempt(() => docker(['pull', name]))
    },
  }
}
