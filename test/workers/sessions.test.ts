import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import { startSeveral, until } from './several.ts'
import { reusedSessions, visitTls } from './tls-sessions.ts'

void test('a session that began with one worker is resumed by all, until the certificate is another one', async (t) => {
  const folder = temporaryFolder(t).path
  const issued = await makeCertificate(folder, { name: 'server' })
  const next = await makeCertificate(folder, { name: 'next' })
  const [certificate, key] = [join(folder, 'used.pem'), join(folder, 'used.key')]
  const use = (pair: typeof issued): void => {
    copyFileSync(pair.key, key)
    copyFileSync(pair.certificate, certificate)
  }
  use(issued)
  const ca = `${readFileSync(issued.certificate, 'utf8')}${readFileSync(next.certificate, 'utf8')}`
  const visitor = { ca, name: 'localhost' }
  const registry = await startSeveral(t, {
    config: { http: { tls: { certificate, key } } },
    isReady: async (url) =>
      (await visitTls(t, { ...visitor, port: Number(new URL(url).port), version: 'TLSv1.3' })) !== undefined,
  })
  await registry.whole(2)
  const { port } = registry
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.deepEqual(await reusedSessions(t, { ...visitor, port, version }), [true, true, true], version)

  const before = await visitTls(t, { ...visitor, port, version: 'TLSv1.3' })
  use(next)
  assert.match(await registry.hangUp(), /configuration reloaded/)
  const after = await Promise.all(
    [1, 2, 3].map(() => visitTls(t, { ...visitor, port, version: 'TLSv1.3' }, before.session)),
  )
  assert.deepEqual(
    after.map(({ isReused }) => isReused),
    [false, false, false],
  )
  // Also one that starts later has what the others have.
  for (const pid of registry.workers().slice(0, 1)) process.kill(pid, 'SIGKILL')
  await until(() => /worker ended, and is started again/.test(registry.daemon.output()))
  await registry.whole(2)
  assert.deepEqual(await reusedSessions(t, { ...visitor, port, version: 'TLSv1.3' }), [true, true, true])
})
