import { describeSource, type Source } from './source.ts'

/**
 * Says of an error that names a key (`http.tls.certificate: /certs/a.crt: no such file`) which line, or variable, brought that
 * key's value. For errors that show only when a value is used.
 */
export function placed(message: string, sources: ReadonlyMap<string, Source>): string {
  const key = /^([a-z0-9]+(?:\.[a-z0-9]+)+): /.exec(message)?.[1]
  const source = key === undefined ? undefined : (sources.get(key) ?? sources.get(`${key}[0]`))
  return source === undefined || source.kind === 'default' ? message : `${describeSource(source)}: ${message}`
}
