import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from './config-error.ts'
import { loadConfig, type LoadedConfig } from './load.ts'

type Environment = Readonly<Record<string, string>>

/** For tests: calls `use` with a file of that content, which is gone afterwards. */
export function withFile<Result>(content: string | Uint8Array, use: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  try {
    const file = join(folder, 'config.yml')
    writeFileSync(file, content)
    return use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** For tests: what a file of that content, and the variables, make. */
export function loadText(content: string | Uint8Array, env: Environment = {}): LoadedConfig {
  return withFile(content, (file) => loadConfig({ file, env }))
}

/** For tests: the lines of the error, with the file called `config.yml`. */
export function failureOf(content: string | Uint8Array, env: Environment = {}): readonly string[] {
  return withFile(content, (file) => {
    try {
      loadConfig({ file, env })
    } catch (error) {
      if (error instanceof ConfigError) return error.message.replaceAll(file, 'config.yml').split('\n')
      throw error
    }
    return []
  })
}

/** For tests: the warnings, with the file called `config.yml`. */
export function warningsOf(content: string, env: Environment = {}): readonly string[] {
  return withFile(content, (file) =>
    loadConfig({ file, env }).warnings.map((warning) => warning.replaceAll(file, 'config.yml')),
  )
}
