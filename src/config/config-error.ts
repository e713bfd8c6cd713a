import { describePath, type Path } from './path.ts'
import { isSecret, safeUrl } from './secrets.ts'
import { describeSource, type Source } from './source.ts'
import type { Tree } from './tree.ts'

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** File, line and column, or the variable; absent when no place can be named. */
  readonly source?: Source
  readonly path: Path
  /** What is wrong and what is allowed; never holds a secret. */
  readonly text: string
}

/**
 * The configuration cannot be used. Its message has one line per problem:
 * `config.yml:3:10: log.level: found "loud"; allowed: error, warn, info, debug`.
 */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]
  /** What else was noticed, as far as it was looked for before the problems ended it. */
  readonly warnings: readonly string[]

  constructor(problems: readonly Problem[], warnings: readonly string[] = []) {
    super(problems.map(describeProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.warnings = warnings
  }
}

/** One line: where, key, what. Also the form of warnings. */
export function describeProblem(problem: Problem): string {
  const where =
    problem.source === undefined || problem.source.kind === 'default' ? [] : [describeSource(problem.source)]
  const key = problem.path.length === 0 ? [] : [describePath(problem.path)]
  return [...where, ...key, problem.text].join(': ')
}

/** The problem of a value that is not among the allowed ones. */
export function notAllowed(path: Path, found: Tree, allowed: string): Problem {
  return { source: found.source, path, text: `found ${describeValue(path, found)}; allowed: ${allowed}` }
}

function describeValue(path: Path, found: Tree): string {
  if (found.kind === 'map') return 'a map'
  if (found.kind === 'list') return 'a list'
  if (isSecret(path)) return 'a value that is not shown'
  if (found.value === null) return 'nothing'
  if (typeof found.value !== 'string') return found.text
  // It is a mistake, so that it need not look like the URL that it was meant for.
  const text = safeUrl(found.text)
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
