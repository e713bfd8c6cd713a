import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cleaner } from './at-exit.ts'
import { http } from './http.ts'
import { type Radosgw, type S3Keys, startRadosgw } from './radosgw.ts'
import { programPath } from './require-program.ts'
import { run, words } from './run.ts'

/** What tests may do to a store that others use, too. */
export interface SharedRadosgw extends Omit<Radosgw, 'osd'> {
  /** The user whose keys these are, and nobody else's. */
  readonly uid: string
}

/** What the process that keeps it tells those that use it. */
interface Shared {
  readonly port: number
  readonly flags: readonly string[]
}

/**
 * One Ceph for all test files of a run, since each start takes ten seconds and the first bucket some more. It ends with the run
 * (`BERTH_TEST_RUN` is the folder of one; scripts/test.mjs sets it). Outside of a run it is one's own.
 *
 * Each has a user of its own, for whose quota nobody else pays; buckets need names of their own.
 */
export async function sharedRadosgw(test?: Cleaner): Promise<SharedRadosgw> {
  const folder = process.env['BERTH_TEST_RUN']
  if (folder === undefined) return { ...(await startRadosgw(test)), uid: 'tests' }
  const file = join(folder, 'radosgw.json')
  if (isFirst(join(folder, 'radosgw'))) {
    spawn(process.execPath, [fileURLToPath(import.meta.url), file], {
      detached: true,
      stdio: 'ignore',
    }).unref()
  }
  const { port, flags } = await sharedIn(file)
  const admin = async (line: string): Promise<string> =>
    (await run(programPath('radosgw-admin'), [...flags, ...words(line)])).stdout
  const uid = randomUUID()
  const keys: S3Keys = { accessKey: randomUUID().slice(0, 8), secretKey: randomUUID() }
  await admin(
    `user create --uid=${uid} --display-name=tests --access-key=${keys.accessKey} --secret-key=${keys.secretKey}`,
  )
  return {
    uid,
    url: `http://127.0.0.1:${port}`,
    port,
    keys,
    flags,
    admin,
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
  const { port, flags } = await startRadosgw({ after: () => {} })
  writeFileSync(`${file}.new`, JSON.stringify({ port, flags } satisfies Shared))
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
