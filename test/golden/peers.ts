import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type RunResult } from '../support/run.ts'
import { startRegistry, type RegistryKind, type RunningRegistry } from '../support/registry-process.ts'
import { programPath, requireProgram, type Skippable } from '../support/require-program.ts'

/** The registries whose stores Berth shares. */
export const peers = ['distribution2', 'distribution3'] as const

export type Peer = (typeof peers)[number]

const programs: Readonly<Record<Peer, string>> = {
  distribution2: 'docker-registry',
  distribution3: 'distribution3',
}

export function requirePeer(test: Skippable, peer: Peer): boolean {
  return requireProgram(test, programs[peer])
}

/** Starts a registry that may delete, on a folder, for the time of `work`. */
export async function withRegistry<T>(
  kind: RegistryKind,
  root: string,
  work: (registry: RunningRegistry) => Promise<T>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  const registry = await startRegistry({
    kind,
    root,
    config: { storage: { delete: { enabled: true } }, ...config },
  })
  try {
    return await work(registry)
  } finally {
    await registry.stop()
  }
}

/** Runs a peer's collector, which also removes untagged manifests. */
export async function collect(peer: Peer, root: string): Promise<RunResult> {
  const config = `${root}.yml`
  const settings = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: root }, delete: { enabled: true } },
  }
  writeFileSync(config, JSON.stringify(settings))
  return await run(programPath(programs[peer]), ['garbage-collect', '--delete-untagged', config], {
    mayFail: true,
    env: { OTEL_TRACES_EXPORTER: 'none' },
  })
}

/** A copy of a store, times and modes included. */
export function copyStore(from: string, folder: string, name: string): string {
  const to = join(folder, name)
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
  return to
}
