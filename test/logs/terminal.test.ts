import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { programPath, repositoryRoot, requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const esc = '\u001b'

describe('the log of a process', () => {
  it('is coloured on a terminal', (t) => {
    if (!requireProgram(t, 'script')) return
    const line = onTerminal(writeProgram(t), {})
    assert.match(
      line.replaceAll(esc, 'ESC'),
      /^ESC\[36mINFOESC\[0m\[000\d\] ready {39} {2}ESC\[36maESC\[0m=1$/,
    )
  })

  it('has no colours where NO_COLOR is set', (t) => {
    if (!requireProgram(t, 'script')) return
    assert.match(onTerminal(writeProgram(t), { NO_COLOR: '1' }), /^INFO\[000\d\] ready {39} {2}a=1$/)
  })

  it('is for machines when it goes elsewhere', (t) => {
    const { stderr } = spawnSync(process.execPath, [writeProgram(t)], { encoding: 'utf8' })
    assert.match(stderr, /^time="[^"]+" level=info msg=ready a=1\n$/)
  })
})

/** A program that logs a line. */
function writeProgram(test: Parameters<typeof temporaryFolder>[0]): string {
  const file = join(temporaryFolder(test).path, 'log.mjs')
  const logger = JSON.stringify(join(repositoryRoot, 'build', 'src', 'util', 'logger.js'))
  writeFileSync(
    file,
    `import { createLogger } from ${logger}
    createLogger({ level: 'info', formatter: 'text' }).info({ a: 1 }, 'ready')`,
  )
  return file
}

/** What it writes to a terminal of its own. */
function onTerminal(file: string, env: NodeJS.ProcessEnv): string {
  const { NO_COLOR: _, ...rest } = process.env
  const run = spawnSync(programPath('script'), ['-qec', `"${process.execPath}" "${file}"`, '/dev/null'], {
    encoding: 'utf8',
    env: { ...rest, TERM: 'xterm', ...env },
  })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout.trimEnd()
}
