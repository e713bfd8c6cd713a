import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { programPath, repositoryRoot, requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const shipped = join(repositoryRoot, 'deploy', 'systemd')

it('systemd understands the units that are shipped, and finds the service well confined', (t) => {
  if (!requireProgram(t, 'systemd-analyze')) return
  const folder = temporaryFolder(t).path
  const service = join(folder, 'berth.service')
  const socket = join(folder, 'berth.socket')
  const unit = readFileSync(join(shipped, 'berth.service'), 'utf8')
  assert.match(unit, /^ExecStart=\/usr\/local\/bin\/berth serve /m)
  // It must be there to be verified.
  writeFileSync(service, unit.replace('/usr/local/bin/berth', process.execPath))
  copyFileSync(join(shipped, 'berth.socket'), socket)

  const analyze = programPath('systemd-analyze')
  const verified = spawnSync(analyze, ['verify', service, socket], { encoding: 'utf8' })
  assert.deepEqual([verified.status, verified.stdout, verified.stderr], [0, '', ''])
  const security = ['security', '--offline=true', '--threshold=25', '--no-pager', service]
  const judged = spawnSync(analyze, security, { encoding: 'utf8' })
  assert.equal(judged.status, 0, judged.stdout + judged.stderr)
})
