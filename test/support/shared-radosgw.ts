import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cleaner } from './at-exit.ts'
import { http } from './http.ts'
import { type Radosgw, type S3Keys, startRadosgw } from './radosgw.ts'
import { programPath } from './require-program.ts'
import { run, words } from './run.ts'

/** What tests may do to a store that others use after them. */
export type SharedRadosgw = Omit<Radosgw, 'osd'>

/** What the process that keeps it tells those that use it. */
interface Shared {
  readonly port: number
  readonly keys: S3Keys
  readonly flags: readonly string[]
}

/**
 * One Ceph for all test files of a run, since each start takes ten seconds and the first bucket some more. It ends with the run
 * (`BERTH_TEST_RUN` is the folder of one; scripts/test.mjs sets it). Outside of a run it is one's own.
 *
 * Whoever uses it makes a bucket of a name of its own, and leaves the store as it was: no quota, nothing stopped.
 */
export async function sharedRadosgw(test?: Cleaner): Promise<SharedRadosgw> {
  const folder = process.env['BERTH_TEST_RUN']
  if (folder === undefined) return await startRadosgw(test)
  const file = join(folder, 'radosgw.json')
  if (isFirst(join(folder, 'radosgw'))) {
    spawn(process.execPath, [fileURLToPath(import.meta.url), file], {
      detached: true,
      stdio: 'ignore',
    }).unref()
  }
  const { port, keys, flags } = await sharedIn(file)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    keys,
    flags,
    admin: async (line) => (await run(programPath('radosgw-admin'), [...flags, ...words(line)])).stdout,
    stop: async () => {},
  }
}

function isFirst(claim: string): boolean {
  try {
    mkdirSync(claim)
    return true
  } catch {
    return false
  }
}

async function sharedIn(file: string): Promise<Shared> {
  for (const deadline = Date.now() + 90_000; Date.now() < deadline; await delay(100)) {
    try {
      const shared = JSON.parse(readFileSync(file, 'utf8')) as Shared
      await http('GET', `http://127.0.0.1:${shared.port}/`)
      return shared
    } catch {
      // Not yet.
    }
  }
  throw new Error('the radosgw of this run does not answer')
}

/** Keeps it until the run's folder is gone, or its process. */
async function keep(file: string): Promise<void> {
  const { port, keys, flags } = await startRadosgw({ after: () => {} })
  writeFileSync(`${file}.new`, JSON.stringify({ port, keys, flags } satisfies Shared))
  renameSync(`${file}.new`, file)
  for (;;) {
    await delay(500)
    process.kill(Number(readFileSync(join(dirname(file), 'pid'), 'utf8')), 0)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Its daemons end with it, however that is.
  keep(process.argv[2] ?? '').catch(() => process.exit())
}
