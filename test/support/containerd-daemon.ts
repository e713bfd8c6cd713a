import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { startProcess } from './background-process.ts'
import { run } from './run.ts'

/** A containerd of the test's own, which ends with the test. */
export interface Containerd {
  /** Runs its `ctr`. */
  ctr(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
}

/** @param folder for its configuration, socket and data */
export async function startContainerdDaemon(folder: string, test: Cleaner): Promise<Containerd> {
  const socket = join(folder, 'containerd.sock')
  const config = join(folder, 'config.toml')
  writeFileSync(
    config,
    `version = 2
root = "${join(folder, 'data')}"
state = "${join(folder, 'state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`,
  )
  const ctr = (...args: string[]): ReturnType<Containerd['ctr']> => run('ctr', ['--address', socket, ...args])
  const daemon = await startProcess('containerd', ['--config', config], {
    isReady: async () => (await ctr('version')).stdout.includes('Server'),
  })
  test.after(async () => {
    await daemon.stop()
  })
  return { ctr }
}
