import type { Config } from '../config/config.ts'

/** What somebody reads who started Berth without any configuration. */
export function welcome(address: string, { storage, auth }: Config): string {
  if (!address.includes(':')) return ''
  const port = address.slice(address.lastIndexOf(':') + 1)
  const place = storage.driver.name === 'filesystem' ? storage.driver.rootdirectory : 'memory'
  return [
    '',
    `  Berth serves a registry on http://localhost:${port}, stored in ${place}.`,
    '',
    '  A first push:',
    ...(auth.name === 'none' ? [] : [`    docker login localhost:${port}`]),
    '    docker pull busybox',
    `    docker tag busybox localhost:${port}/busybox`,
    `    docker push localhost:${port}/busybox`,
    '',
    '',
  ].join('\n')
}
