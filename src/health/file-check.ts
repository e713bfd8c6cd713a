import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Check, Rhythm } from './check.ts'
import { reasonOf } from './reason.ts'

export interface FileCheckOptions extends Rhythm {
  readonly file: string
}

/** Milliseconds; a file on a stalled network file system. */
const limit = 10_000

/** Fails while a file exists: whoever makes it takes the registry out of service. Its threshold counts, unlike Distribution's. */
export function fileCheck({ file, interval, threshold }: FileCheckOptions): Check {
  const path = resolve(file)
  return {
    name: file,
    interval,
    threshold,
    limit,
    run: async () => {
      if (await exists(path)) throw new Error('file exists')
    },
  }
}

/** Whatever else goes wrong is a failure as well, as in Distribution: nobody knows whether the file is there. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return false
    throw new Error(`cannot tell whether the file exists: ${reasonOf(error)}`, { cause: error })
  }
}
