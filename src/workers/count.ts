import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Config } from '../config/config.ts'

export interface WorkerCount {
  readonly count: number
  /** Why there is one, where more were asked for. */
  readonly warning?: string
}

/** How many processes are to serve. */
export function workerCount({ workers, storage, http }: Config): WorkerCount {
  const count = workers === 'auto' ? availableParallelism() : workers
  if (count === 1) return { count }
  if (storage.driver.name === 'inmemory')
    return { count: 1, warning: 'workers: 1, for each process has a memory of its own: storage.inmemory' }
  const { cachefile } = http.tls.letsencrypt
  if (cachefile !== undefined && isFile(cachefile)) {
    return {
      count: 1,
      warning: `workers: 1, for http.tls.letsencrypt.cachefile is a file, as Distribution 2 had it; several need a folder: ${cachefile}`,
    }
  }
  return { count }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
