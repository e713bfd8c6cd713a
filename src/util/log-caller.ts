import { fileURLToPath } from 'node:url'

/** The folder of `src`, compiled. */
const root: string = fileURLToPath(new URL('..', import.meta.url))

/** Whatever stands between the call and here. */
const between = /\/node_modules\/|\/util\/log[^/.]*\.js$|\/server\/request-log\.js$|^node:/

/** As V8 writes it: `at Reloader.reload (file:///srv/build/src/server/reloader.js:12:5)`. */
const frame = /^ +at (?:async )?(?:(.+?) \()?(.+?):(\d+):\d+\)?$/

/** Who logs: `func`, and `file` with its line, in the names that logrus gives them. */
export function logCaller(): Readonly<Record<string, string>> {
  const holder: { stack?: string } = {}
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 16
  Error.captureStackTrace(holder, logCaller)
  Error.stackTraceLimit = stackTraceLimit
  for (const line of (holder.stack ?? '').split('\n')) {
    const [, name = '<anonymous>', file, number] = frame.exec(line) ?? []
    if (file === undefined || between.test(file)) continue
    // V8 names what a method of a plain object belongs to.
    return { func: name.replace(/^Object\./, ''), file: `${shortened(file)}:${number}` }
  }
  return {}
}

function shortened(file: string): string {
  const path = file.replace(/^file:\/\//, '')
  return path.startsWith(root) ? `src/${path.slice(root.length)}` : path
}
