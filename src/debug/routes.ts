import { answer, answerJson, answerText } from './answer.ts'
import type { DebugServerOptions, Rendered } from './options.ts'
import type { ReloadOutcome } from './reload.ts'
import type { Route } from './route.ts'
import { type CollectionCount, memoryStats, redactedArguments } from './vars.ts'

/** The checks that fail, with the answer's status as Distribution has it. */
export function healthRoute(failures: DebugServerOptions['failures']): Route {
  return async (request, response) => {
    const failing = Object.entries(await failures()).toSorted(([one], [other]) => (one < other ? -1 : 1))
    answerJson(request, response, failing.length === 0 ? 200 : 503, Object.fromEntries(failing))
  }
}

/** The metrics. Several that ask at once are given the same. */
export function metricsRoute(render: () => Promise<Rendered>): Route {
  let rendering: Promise<Rendered> | undefined
  return async (request, response) => {
    rendering ??= render().finally(() => (rendering = undefined))
    const { contentType, text } = await rendering
    answer(request, response, 200, { 'Content-Type': contentType }, text)
  }
}

/** What is under `registry` in Distribution, for the parts that are not there. */
const registryVars = {
  notifications: { endpoints: [] },
  proxy: { blobs: noTraffic(), manifests: noTraffic() },
}

function noTraffic(): Readonly<Record<string, number>> {
  return { Requests: 0, Hits: 0, Misses: 0, BytesPulled: 0, BytesPushed: 0 }
}

/** Variables as Go's expvar gives them. */
export function varsRoute(collections: CollectionCount, more: DebugServerOptions['vars']): Route {
  return async (request, response) => {
    const { registry, ...others } = more?.() ?? {}
    answerJson(request, response, 200, {
      cmdline: redactedArguments(process.argv),
      memstats: memoryStats(collections),
      registry: { ...registryVars, ...(registry as object | undefined) },
      ...others,
    })
  }
}

/** Reads the configuration again. */
export function reloadRoute(reload: () => Promise<ReloadOutcome>): Route {
  return async (request, response) => {
    const outcome = await reload()
    switch (outcome.kind) {
      case 'applied':
        return answerJson(request, response, 200, { status: 'applied', needRestart: outcome.needRestart })
      case 'refused':
        return answerText(request, response, 422, outcome.reason)
      case 'busy':
        return answerText(request, response, 409, 'another reload is under way')
    }
  }
}
