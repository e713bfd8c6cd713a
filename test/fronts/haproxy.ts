import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programPath } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import type { FrontOptions, Place, Prepared } from './front.ts'
import { edit, shipped, type Edit } from './shipped.ts'

const file = 'haproxy.cfg'
const replicasFile = 'replicas.cfg'
const exampleServers = ['10.0.0.2', '10.0.0.3', '10.0.0.4']
  .map((host, at) => `    server registry${at + 1} ${host}:5000\n`)
  .join('')
const redirect = '    http-request redirect scheme https code 308 unless { ssl_fc }\n'
const bindTls = '    bind :443 ssl crt /etc/haproxy/tls/registry.pem alpn h2,http/1.1\n'

/** The shipped file with this test's addresses. */
export function prepareHaproxy(options: FrontOptions, place: Place): Prepared {
  const folder = temporaryFolder()
  const { address, port, tls, site } = place
  const pem = join(folder.path, 'registry.pem')
  mkdirSync(join(folder.path, 'temporary'))
  if (tls !== undefined)
    writeFileSync(pem, readFileSync(tls.certificate, 'utf8') + readFileSync(tls.key, 'utf8'))
  const edits: Edit[] = [
    ['log /dev/log local0', 'log stdout format raw local0'],
    [
      bindTls,
      tls === undefined
        ? ''
        : edit(bindTls, [
            [':443', `${address}:${port}`],
            ['/etc/haproxy/tls/registry.pem', pem],
          ]),
    ],
    ['    bind :80\n', `    bind ${address}:${tls === undefined ? port : 80}\n`],
  ]
  const servers = options.registries.map((_, at) => serverLine(options, at)).join('')
  if (options.severalReplicas === true)
    edits.push(['default_backend registry\n', 'default_backend replicas\n'])
  else edits.push(['    server registry1 127.0.0.1:5000\n', servers])
  if (tls === undefined) edits.push([redirect, ''])
  if (site === 'path')
    edits.push(
      ['# http-request set-var(txn.below)', 'http-request set-var(txn.below)'],
      ['# http-request replace-path', 'http-request replace-path'],
      ['# http-response replace-header', 'http-response replace-header'],
    )
  const config = join(folder.path, file)
  writeFileSync(config, edit(shipped(`haproxy/${file}`), [...edits, ...(options.edits?.[file] ?? [])]))
  const files = ['-f', config]
  if (options.severalReplicas === true) {
    const second = join(folder.path, replicasFile)
    writeFileSync(
      second,
      edit(shipped(`haproxy/${replicasFile}`), [
        [exampleServers, servers],
        ...(options.edits?.[replicasFile] ?? []),
      ]),
    )
    files.push('-f', second)
  }
  return {
    program: programPath('haproxy'),
    // In the foreground, without a process that watches over another.
    args: ['-db', ...files],
    temporaryFolder: join(folder.path, 'temporary'),
    remove: () => folder.remove(),
  }
}

/** By the example in the file, where there is one. */
function serverLine({ registries, registryCa }: FrontOptions, at: number): string {
  const registry = registries[at] ?? ''
  const name = `registry${at + 1}`
  if (registry.startsWith('/')) return `    server ${name} unix@${registry}\n`
  if (registryCa === undefined) return `    server ${name} ${registry}\n`
  const example = /# (server registry1 10\.0\.0\.2:5443 ssl .*)\n/.exec(shipped(`haproxy/${file}`))?.[1] ?? ''
  const line = edit(example, [
    ['registry1 10.0.0.2:5443', `${name} ${registry}`],
    ['/etc/haproxy/tls/registry-ca.crt', registryCa],
  ])
  return `    ${line}\n`
}
