import type { Log } from '../registry/context.ts'
import { tracingSettings } from './settings.ts'
import type { Tracing } from './tracing.ts'

export interface TracingOptions {
  /** Ours. */
  readonly version: string
  readonly log: Log
}

/**
 * Starts what the variables `OTEL_*` ask for, and loads OpenTelemetry only then. Bad values are warned of and passed over: no
 * trace is worth a registry that does not start.
 *
 * @param env must be the process's own, for the exporters read theirs from there
 * @returns undefined when no traces are asked for
 */
export async function startTracing(
  env: NodeJS.ProcessEnv,
  { version, log }: TracingOptions,
): Promise<Tracing | undefined> {
  const settings = tracingSettings(env)
  if (settings.exporters.length === 0 && settings.problems.length === 0) return undefined
  for (const problem of settings.problems) log.warn({ problem }, 'traces: bad value passed over')
  if (settings.exporters.length === 0) return undefined
  try {
    const { createTracing } = await import('./create-tracing.ts')
    return await createTracing(settings, { version, log })
  } catch (error) {
    log.warn({ err: error }, 'traces: not started')
    return undefined
  }
}
