import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { attempt, type Client } from './auth-client.ts'
import type { ImageLayout } from './images.ts'
import { programPath } from './require-program.ts'
import { run, words, type RunOptions } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Clients without a daemon: each command says all there is to say. Passwords go in by standard input. */

const insecure = '--tls-verify=false'

/** Both streams. */
async function said(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr } = await run(program, args, options)
  return `${stdout}${stderr}`
}

/** Where logins are kept. The programs want the file to be there. */
function emptyLogins(folder: string): string {
  const file = join(folder, 'auth.json')
  writeFileSync(file, '{}')
  return file
}

/** skopeo: copies between the registry and folders. */
export function skopeoClient(layout: ImageLayout, tag: string, test: Cleaner): Client {
  const folder = temporaryFolder(test).path
  const authfile = `--authfile=${emptyLogins(folder)}`
  const out = join(folder, 'pulled')
  return {
    name: 'skopeo',
    login: (host, { user, password }) => {
      const args = ['login', insecure, authfile, '--username', user, '--password-stdin', host]
      return attempt(() => said('skopeo', args, { input: password }))
    },
    logout: (host) => attempt(() => said('skopeo', ['logout', authfile, host])),
    push: (name) => {
      const from = `oci:${layout.folder}:${tag}`
      return attempt(() =>
        said('skopeo', ['copy', '--dest-tls-verify=false', authfile, from, `docker://${name}`]),
      )
    },
    pull: (name) => {
      rmSync(out, { recursive: true, force: true })
      return attempt(() =>
        said('skopeo', ['copy', '--src-tls-verify=false', authfile, `docker://${name}`, `dir:${out}`]),
      )
    },
  }
}

/** podman and buildah, which share their storage, their logins and most of their commands. */
export async function storageClient(
  name: 'podman' | 'buildah',
  layout: ImageLayout,
  tag: string,
  test: Cleaner,
): Promise<Client> {
  const folder = temporaryFolder(test).path
  const storage = words(`--root ${folder}/storage --runroot ${folder}/run --storage-driver vfs`)
  const flags =
    name === 'buildah'
      ? storage
      : [
          ...storage,
          ...words(`--tmpdir ${folder}/tmp --cgroup-manager cgroupfs --events-backend none --runtime`),
          programPath('runc'),
        ]
  const authfile = `--authfile=${emptyLogins(folder)}`
  const tool = (args: readonly string[], options?: RunOptions): Promise<string> =>
    said(name, [...flags, ...args], options)
  const source = `oci:${layout.folder}:${tag}`
  let own = (await run(name, [...flags, 'pull', '--quiet', source])).stdout.trim()
  let present = true
  return {
    name,
    login: (host, { user, password }) => {
      const args = ['login', insecure, authfile, '--username', user, '--password-stdin', host]
      return attempt(() => tool(args, { input: password }))
    },
    logout: (host) => attempt(() => tool(['logout', authfile, host])),
    push: async (remote) => {
      if (!present) own = (await run(name, [...flags, 'pull', '--quiet', source])).stdout.trim()
      present = true
      return await attempt(() => tool(['push', insecure, authfile, own, `docker://${remote}`]))
    },
    pull: async (remote) => {
      await tool(['rmi', '--all', '--force'])
      present = false
      return await attempt(() => tool(['pull', insecure, authfile, remote]))
    },
  }
}

/** helm: charts instead of images. A chart's name is the last part of its repository, its version the tag. */
export async function helmClient(test: Cleaner): Promise<Client> {
  const folder = temporaryFolder(test).path
  const env = {
    HELM_CACHE_HOME: join(folder, 'cache'),
    HELM_CONFIG_HOME: join(folder, 'config'),
    HELM_DATA_HOME: join(folder, 'data'),
    // Else it would look there as well.
    DOCKER_CONFIG: join(folder, 'docker'),
  }
  const helm = (args: readonly string[], input = ''): Promise<string> =>
    said(programPath('helm'), args, { cwd: folder, env, input })
  return {
    name: 'helm',
    login: (host, { user, password }) => {
      const args = ['registry', 'login', '--plain-http', '--username', user, '--password-stdin', host]
      return attempt(() => helm(args, password))
    },
    logout: (host) => attempt(() => helm(['registry', 'logout', host])),
    push: async (name) => {
      const { place, chart, version } = chartOf(name)
      await helm(['create', chart])
      await helm(['package', chart, '--version', version])
      return await attempt(() => helm(['push', `${chart}-${version}.tgz`, place, '--plain-http']))
    },
    pull: (name) => {
      const { place, chart, version } = chartOf(name)
      rmSync(join(folder, `${chart}-${version}.tgz`), { force: true })
      return attempt(() => helm(['pull', `${place}/${chart}`, '--version', version, '--plain-http']))
    },
  }
}

interface Chart {
  readonly place: string
  readonly chart: string
  readonly version: string
}

function chartOf(name: string): Chart {
  const [slash, colon] = [name.lastIndexOf('/'), name.lastIndexOf(':')]
  return {
    place: `oci://${name.slice(0, slash)}`,
    chart: name.slice(slash + 1, colon),
    version: name.slice(colon + 1),
  }
}
