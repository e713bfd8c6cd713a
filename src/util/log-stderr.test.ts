import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { standardError } from './log-stderr.ts'

/** Takes so many bytes of each write, as listed; -1: the pipe is full, undefined: nobody reads it any more. */
function pipe(...takes: readonly (number | undefined)[]): {
  write(bytes: Buffer): number
  text: string
  calls: number
} {
  const rest = [...takes]
  return {
    text: '',
    calls: 0,
    write(bytes): number {
      this.calls++
      const take = rest.length > 0 ? rest.shift() : bytes.length
      if (take === undefined) throw Object.assign(new Error('broken'), { code: 'EPIPE' })
      if (take < 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      const taken = bytes.subarray(0, take)
      this.text += taken.toString()
      return taken.length
    },
  }
}

describe('standard error', () => {
  it('gets all of what is written, however little it takes at once', () => {
    const target = pipe(3, 1, -1, -1, 2)
    standardError((bytes) => target.write(bytes))('abcdéfgh\n')
    assert.equal(target.text, 'abcdéfgh\n')
  })

  it('is waited for once, not at every line, when its reader is stuck', () => {
    const target = pipe(...Array.from({ length: 103 }, () => -1))
    const write = standardError((bytes) => target.write(bytes))
    const started = performance.now()
    write('a\n')
    assert.ok(performance.now() - started >= 400)
    assert.equal(target.calls, 101)
    const again = performance.now()
    write('b\n')
    write('c\n')
    assert.ok(performance.now() - again < 400)
    assert.equal(target.calls, 103)
    write('d\n')
    write('e\n')
    assert.equal(target.text, 'd\ne\n')
  })

  it('does not take the start of one line for the end of another', () => {
    const target = pipe(3, undefined, undefined)
    const write = standardError((bytes) => target.write(bytes))
    write('abcdef\n')
    write('ghi\n')
    write('jkl\n')
    write('mno\n')
    assert.equal(target.text, 'abc\njkl\nmno\n')
  })
})

describe('the last lines of a process are written', () => {
  const module = new URL('logger.js', import.meta.url).href
  const ends: readonly (readonly [string, string])[] = [
    ['when it calls exit', `log.info({}, 'end'); process.exit(0)`],
    ['when nothing is left to do', `log.info({}, 'end')`],
    ['when an error escapes', `log.info({}, 'end'); throw new Error('escaped')`],
    ['when the last one is fatal', `log.fatal({}, 'end'); process.kill(process.pid, 'SIGKILL')`],
  ]
  for (const [when, end] of ends) {
    it(when, () => {
      const script = `
        import { createLogger } from ${JSON.stringify(module)}
        const log = createLogger({ level: 'info', formatter: 'json' })
        for (let i = 0; i < 3000; i++) log.info({ i, filler: 'x'.repeat(100) }, 'line')
        ${end}`
      const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        maxBuffer: 16 * 1024 * 1024,
      })
      const lines = stderr.split('\n').filter((line) => line.startsWith('{'))
      assert.equal(stdout, '')
      assert.equal(lines.length, 3001)
      assert.deepEqual(
        lines.slice(0, -1).map((line) => (JSON.parse(line) as { i: number }).i),
        Array.from({ length: 3000 }, (_, i) => i),
      )
      assert.equal((JSON.parse(lines.at(-1) ?? '') as { msg: string }).msg, 'end')
    })
  }
})
