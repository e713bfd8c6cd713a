import { hostname } from 'node:os'
import { answer, answerText } from './answer.ts'
import { isOwnHost } from './browser.ts'
import type { DebugServerOptions } from './options.ts'
import { type Profile, type ProfileKind, Profiler, ProfilerBusy } from './profiles.ts'
import type { Route, Routes } from './route.ts'

const index = `<!doctype html>
<title>/debug/pprof/</title>
<h1>Profiles</h1>
<ul>
<li><a href="profile?seconds=30">profile</a>: where the processor's time goes; <code>seconds</code> from 1 to 300, 30 if not given</li>
<li><a href="heap?seconds=30">heap</a>: what is allocated in these seconds and still held; no contents</li>
</ul>
<p>One at a time. Where several processes serve, <code>worker</code> says of which it is, from 1 on; 1, if not given. Save the file with its ending and load it into the developer tools of a browser.
`

/** Seconds. */
const defaultSeconds = 30
const mostSeconds = 300

const moved: Route = async (request, response) =>
  answerText(request, response, 301, 'see /debug/pprof/', { Location: '/debug/pprof/' })
const list: Route = async (request, response) =>
  answer(request, response, 200, { 'Content-Type': 'text/html; charset=utf-8' }, index)

/**
 * Where Go's programs have their profiles, at the same paths; V8's formats.
 *
 * @param host that is configured to be listened on
 * @param workers that can be chosen by `worker`, when it is not this process that serves
 */
export function pprofRoutes(host: string | undefined, workers?: DebugServerOptions['workers']): Routes {
  const own = new Profiler()
  const hosts = [hostname(), ...(host === undefined ? [] : [host])]
  const profile =
    (file: string, kind: ProfileKind): Route =>
    async (request, response, query) => {
      const refuse = (status: number, reason: string): void => answerText(request, response, status, reason)
      if (!isOwnHost(request.headers.host, hosts))
        return refuse(403, 'profiles are given by address, localhost or host name only')
      const seconds = Number(query.get('seconds') ?? defaultSeconds)
      if (!(seconds >= 1 && seconds <= mostSeconds))
        return refuse(400, `seconds: a number from 1 to ${mostSeconds}`)
      const source = workers === undefined ? own : workers.get(Number(query.get('worker') ?? 1))
      if (source === undefined) return refuse(400, `worker: a number from 1 to ${workers?.size}`)
      const gone = new AbortController()
      // Also when the listener stops.
      response.once('close', () => gone.abort())
      try {
        const taken = await source.take(kind, seconds * 1000, gone.signal)
        if (taken === undefined) response.destroy()
        else sendProfile(taken)
      } catch (error) {
        if (!(error instanceof ProfilerBusy)) throw error
        refuse(409, error.message)
      }

      function sendProfile(taken: Profile): void {
        const disposition = { 'Content-Disposition': `attachment; filename="${file}"` }
        const headers = { 'Content-Type': 'application/json', ...disposition }
        answer(request, response, 200, headers, JSON.stringify(taken))
      }
    }

  return {
    '/debug/pprof': { GET: moved, HEAD: moved },
    '/debug/pprof/': { GET: list, HEAD: list },
    '/debug/pprof/profile': { GET: profile('berth.cpuprofile', 'cpu') },
    '/debug/pprof/heap': { GET: profile('berth.heapprofile', 'heap') },
  }
}
