import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programPath } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import type { FrontOptions, Place, Prepared } from './front.ts'
import { edit, shipped, type Edit } from './shipped.ts'

const folderName = 'registry'
const files = [
  'registry.conf',
  'registry-plain.conf',
  'upstream.conf',
  'replicas.conf',
  'maps.conf',
  'server.conf',
  'proxy.conf',
  'whole-host.conf',
  'prefix.conf',
  'path.conf',
  'to-tls.conf',
] as const

/** The replicas of the shipped files. */
const examples = ['10.0.0.2:5000', '10.0.0.3:5000', '10.0.0.4:5000']

/** Lays the shipped files out as the documentation says, below a main file of the test's own. */
export function prepareNginx(options: FrontOptions, place: Place): Prepared {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  mkdirSync(at(folderName))
  mkdirSync(at('temporary'))
  for (const file of files) {
    const edits = [...editsOf(file, options, place), ...(options.edits?.[file] ?? [])]
    writeFileSync(at(`${folderName}/${file}`), edit(shipped(`nginx/${file}`), edits))
  }
  const site = place.tls === undefined ? 'registry-plain.conf' : 'registry.conf'
  writeFileSync(at('nginx.conf'), mainFile(folder.path, site))
  return {
    program: programPath('nginx'),
    args: ['-p', folder.path, '-c', at('nginx.conf'), '-e', 'stderr'],
    temporaryFolder: at('temporary'),
    remove: () => folder.remove(),
  }
}

function mainFile(folder: string, site: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log stderr notice;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/temporary/${name};`).join('\n  ')}
  include ${folderName}/${site};
}
`
}

function editsOf(file: (typeof files)[number], options: FrontOptions, place: Place): readonly Edit[] {
  const { address, port, tls, site } = place
  const isRoot = site === 'whole-host'
  const several: readonly Edit[] =
    options.severalReplicas === true
      ? [['include registry/upstream.conf;', 'include registry/replicas.conf;']]
      : []
  switch (file) {
    case 'registry.conf':
      return [
        ...several,
        ['listen 80;', `listen ${address}:80;`],
        ['    listen [::]:80;\n', ''],
        ['listen 443 ssl http2;\n    listen [::]:443 ssl http2;', `listen ${address}:${port} ssl http2;`],
        ['server_name registry.example.com;', `server_name ${address};`],
        ['/etc/nginx/tls/registry.crt', tls?.certificate ?? 'none'],
        ['/etc/nginx/tls/registry.key', tls?.key ?? 'none'],
        ...(isRoot ? [] : [['include registry/whole-host.conf;', `include registry/${site}.conf;`] as const]),
      ]
    case 'registry-plain.conf':
      return [
        ...several,
        ['listen 80;', `listen ${address}:${port};`],
        ['    listen [::]:80;\n', ''],
        ['server_name registry.example.com;', `server_name ${address};`],
        ...(isRoot ? [] : [['include registry/whole-host.conf;', `include registry/${site}.conf;`] as const]),
      ]
    case 'upstream.conf':
      return [[serverLine('127.0.0.1:5000'), options.registries.map(serverLine).join('')]]
    case 'replicas.conf':
      return [
        [
          examples.map(serverLine).join(''),
          (options.severalReplicas === true ? options.registries : examples).map(serverLine).join(''),
        ],
      ]
    case 'whole-host.conf':
    case 'prefix.conf':
    case 'path.conf':
      return options.registryCa === undefined
        ? []
        : [
            ['proxy_pass http://', 'proxy_pass https://'],
            [
              'include registry/proxy.conf;',
              'include registry/proxy.conf;\n    include registry/to-tls.conf;',
            ],
          ]
    case 'to-tls.conf':
      return [['/etc/nginx/tls/registry-ca.crt', options.registryCa ?? 'none']]
    default:
      return []
  }
}

function serverLine(registry: string): string {
  return registry.startsWith('/')
    ? `    server unix:${registry};\n`
    : `    server ${registry} max_fails=1 fail_timeout=5s;\n`
}
