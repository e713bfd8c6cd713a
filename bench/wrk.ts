import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../test/support/run.ts'
import { programPath } from '../test/support/require-program.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'

const report = `done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nfigures {"requests":%d,"microseconds":%d,"errors":%d}\\n', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`

export interface Repeated {
  readonly requests: number
  readonly seconds: number
}

/** GETs one address again and again over many connections with wrk, a load program in C. Any failure is an error. */
export async function wrk(
  url: string,
  headers: Readonly<Record<string, string>>,
  connections: number,
  seconds: number,
): Promise<Repeated> {
  const folder = temporaryFolder()
  try {
    const script = join(folder.path, 'report.lua')
    writeFileSync(script, report)
    const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const args = [
      '-t1',
      `-c${connections}`,
      `-d${Math.max(1, Math.round(seconds))}s`,
      '-s',
      script,
      ...fields,
      url,
    ]
    const { stdout } = await run(programPath('wrk'), args)
    const figures = /^figures (.*)$/m.exec(stdout)?.[1]
    if (figures === undefined) throw new Error(`wrk said nothing to understand: ${stdout}`)
    const { requests, microseconds, errors } = JSON.parse(figures) as Record<string, number>
    if (errors !== 0) throw new Error(`${errors} of ${requests} requests failed`)
    return { requests: requests ?? 0, seconds: (microseconds ?? 0) / 1e6 }
  } finally {
    await folder.remove()
  }
}
