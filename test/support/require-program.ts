import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The folder of the repository, seen from `build/test/support`. */
export const repositoryRoot: string = join(import.meta.dirname, '..', '..', '..')

/** Where `test/services/install.sh` puts what is no Debian package. */
export const servicesFolder: string = join(repositoryRoot, '.services')

/** The part of a test's context that is needed here. */
export interface Skippable {
  skip(reason?: string): void
}

/** Where a program is, or undefined. Looks into `.services/bin`, PATH and the folders of daemons. */
export function findProgram(name: string): string | undefined {
  const path = process.env['PATH'] ?? ''
  for (const folder of [join(servicesFolder, 'bin'), ...path.split(delimiter), '/usr/sbin', '/sbin']) {
    const candidate = join(folder, name)
    try {
      accessSync(candidate, constants.X_OK)
      if (statSync(candidate).isFile()) return candidate
    } catch {
      // Not here.
    }
  }
  return undefined
}

/** Where a program is. Throws when it is absent. */
export function programPath(name: string): string {
  const path = findProgram(name)
  if (path === undefined) throw new Error(`${name} is not installed: run test/services/install.sh`)
  return path
}

/**
 * Says whether all these programs are there. If not, the test is skipped with that reason; in continuous integration
 * (CI is set) it fails, for there a skipped test would pass for a passed one.
 *
 *     if (!requireProgram(t, 'skopeo')) return
 */
export function requireProgram(test: Skippable, ...names: readonly string[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return true
  return unavailable(test, `${missing.join(', ')} not installed: run test/services/install.sh`)
}

/** The same for whatever needs root, as container daemons do. */
export function requireRoot(test: Skippable): boolean {
  return process.getuid?.() === 0 || unavailable(test, 'needs root')
}

function unavailable(test: Skippable, reason: string): false {
  if (process.env['CI']) throw new Error(reason)
  test.skip(reason)
  return false
}
