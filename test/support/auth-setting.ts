import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { hashSync } from 'bcrypt'
import type { Client } from './auth-client.ts'
import { containerdPrograms, startContainerd } from './auth-containerd.ts'
import { startDockerClient, type DockerClient } from './auth-docker.ts'
import { helmClient, skopeoClient, storageClient } from './auth-tools.ts'
import { dockerPrograms } from './docker-daemon.ts'
import { ImageLayout } from './images.ts'
import { startRegistry, type RegistryOptions, type RunningRegistry } from './registry-process.ts'
import { requireProgram, requireRoot } from './require-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What tests of authentication begin with: users, a registry that knows them, and one of every client. */

const programs = [...dockerPrograms, ...containerdPrograms, 'podman', 'buildah', 'skopeo', 'helm', 'openssl']

export interface Setting {
  /** Of the test, for files of its own. */
  readonly folder: string
  /** With an image `image`. */
  readonly layout: ImageLayout
  readonly docker: DockerClient
  /** Docker is the first of them. */
  readonly clients: readonly Client[]
}

/** Starts every client. Undefined when one is not installed, and the test is skipped. */
export async function startSetting(test: TestContext): Promise<Setting | undefined> {
  if (!requireProgram(test, ...programs) || !requireRoot(test)) return undefined
  const folder = temporaryFolder(test).path
  const layout = new ImageLayout(join(folder, 'layout'))
  layout.tag('image', await layout.addImage({ seed: 'who may' }))
  const docker = await startDockerClient(test)
  const clients = [
    docker,
    await startContainerd(layout, 'image', test),
    await storageClient('podman', layout, 'image', test),
    await storageClient('buildah', layout, 'image', test),
    skopeoClient(layout, 'image', test),
    await helmClient(test),
  ]
  return { folder, layout, docker, clients }
}

/** Writes a file of users as `htpasswd -B` does, of the lowest cost. */
export function writeUsers(file: string, users: Readonly<Record<string, string>>): void {
  const lines = Object.entries(users).map(([user, password]) => `${user}:${hashSync(password, 4)}\n`)
  writeFileSync(file, lines.join(''))
}

export interface GuardedRegistry extends RunningRegistry {
  /** Another registry on the same storage, which asks nobody: to look at what is there. */
  readonly plain: RunningRegistry
}

export async function startGuarded(options: RegistryOptions, test: TestContext): Promise<GuardedRegistry> {
  const registry = await startRegistry(options, test)
  const plain = await startRegistry({ kind: registry.kind, root: registry.root }, test)
  return { ...registry, plain }
}

/** Tries until it succeeds, for some seconds: for what follows a file, or what a log gathers. */
export async function soon(check: () => unknown): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(50)
    }
  }
}
