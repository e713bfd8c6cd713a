import { diag, DiagLogLevel, type DiagLogger } from '@opentelemetry/api'
import { setGlobalErrorHandler } from '@opentelemetry/core'
import type { Log } from '../registry/context.ts'

/** Milliseconds between two warnings. */
const pause = 60_000

/**
 * Has OpenTelemetry tell its problems to the log, where it would write them to standard error as it likes: a warning a
 * minute at most, for a collector that is away fails every few seconds. This is the one thing that OpenTelemetry knows
 * for the whole process only.
 */
export function reportProblems(log: Log, now: () => number = performance.now.bind(performance)): void {
  let last = -Infinity
  let kept = 0
  const warn = (problem: string): void => {
    if (now() - last < pause) {
      kept++
      return
    }
    log.warn(
      { problem: withoutUser(problem), ...(kept > 0 && { 'problems.between': kept }) },
      'traces: problem',
    )
    last = now()
    kept = 0
  }
  setGlobalErrorHandler((error) => warn(error instanceof Error ? describe(error) : JSON.stringify(error)))
  const logger: DiagLogger = { error: warn, warn, info: silent, debug: silent, verbose: silent }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}

function silent(): void {}

/** Errors of exporters have a status of HTTP or gRPC as code, those of the system a word. */
function describe(error: Error): string {
  const message = error.message === '' ? error.name : error.message
  const code = 'code' in error ? String(error.code) : ''
  return code === '' || message.includes(code) ? message : `${message} (${code})`
}

/** Endpoints may hold a password. */
function withoutUser(text: string): string {
  return text.replace(/[^\s/'"]*@/g, '***@')
}
