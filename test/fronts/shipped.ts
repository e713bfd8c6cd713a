import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../support/require-program.ts'

/** What is replaced in a shipped file, and by what. */
export type Edit = readonly [from: string, to: string]

/** The text of a file below `deploy/`, as it is shipped. */
export function shipped(path: string): string {
  return readFileSync(join(repositoryRoot, 'deploy', path), 'utf8')
}

/**
 * Replaces every occurrence. Throws when there is none: then the file has changed, and what the test runs would no longer be what
 * is shipped.
 */
export function edit(text: string, edits: readonly Edit[]): string {
  return edits.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`nothing to replace: ${from}`)
    return result.replaceAll(from, to)
  }, text)
}
