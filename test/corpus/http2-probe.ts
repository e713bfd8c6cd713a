import { connect, type IncomingHttpHeaders } from 'node:http2'
import type { Observation, Seen } from './observation.ts'
import type { Target } from './target.ts'

/** Whether HTTP/2 is spoken without TLS, by a client that takes it for granted (RFC 9113, 3.3). */
export async function probeH2c(target: Target, prefix: string): Promise<Observation> {
  return new Map([['h2c: GET /v2/', await askHttp2(target, { ':path': `${prefix}/v2/` })]])
}

/** One request by HTTP/2. */
export async function askHttp2(target: Target, headers: Readonly<Record<string, string>>): Promise<Seen> {
  return await new Promise((resolve) => {
    const session = connect(target.origin, { ...target.tls })
    const end = (seen: Seen): void => {
      resolve(seen)
      session.destroy()
    }
    const refused = (): void => end({ status: 'refused' })
    session.on('error', refused)
    const stream = session.request({ ...headers })
    stream.on('error', refused)
    stream.on('response', (answer) => end(describeHeaders(answer, target)))
    stream.end()
  })
}

function describeHeaders(headers: IncomingHttpHeaders, target: Target): Seen {
  const names = Object.keys(headers).filter((name) => name !== 'date' && name !== 'content-length')
  return Object.fromEntries(names.map((name) => [name.replace(/^:/, ''), target.mask(String(headers[name]))]))
}
