import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { htpasswd } from '../../src/cli/htpasswd/htpasswd.ts'
import { programPath, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// Berth's htpasswd beside Apache's: the same command lines, exit codes and files.

const folder = temporaryFolder({ after: (cleanUp) => after(cleanUp) })

interface Case {
  readonly args: readonly string[]
  /** Of the file `f`; absent unless given. */
  readonly content?: string
  readonly input?: string
  /** Why Berth does otherwise, and the exit code with which it does. */
  readonly differs?: readonly [string, number]
}

const one = 'a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n'
/** Of `password`, cost 4. */
const hash = '$2y$04$sWNkxdarQTdq6RQ1S2fSuOSYXTFuHELzcTvMIuKIpgrjZ9VKuAvHO'
const long = 'x'.repeat(80)

const cases: Readonly<Record<string, Case>> = {
  'a line': { args: ['-BbnC', '4', 'u', 'p'] },
  'a line, flags apart': { args: ['-n', '-b', '-B', '-C4', 'u', 'p'] },
  'a line, password from input': { args: ['-BinC4', 'u'], input: 'p\n' },
  'a line, password typed twice': { args: ['-BnC4', 'u'], input: 'p\np\n' },
  'a line, password typed differently': { args: ['-BnC4', 'u'], input: 'p\nq\n' },
  'a password that begins like an option': { args: ['-BbnC4', 'u', '-p'] },
  'a new file': { args: ['-BbcC4', 'f', 'u', 'p'] },
  'a new file over an old one': { args: ['-BbcC4', 'f', 'u', 'p'], content: one },
  'a new file in no folder': { args: ['-BbcC4', 'none/f', 'u', 'p'] },
  'a file that is a folder': { args: ['-BbcC4', '.', 'u', 'p'] },
  'no file': { args: ['-BbC4', 'f', 'u', 'p'] },
  'an added user': { args: ['-BbC4', 'f', 'u', 'p'], content: `${one}# comment\n\n` },
  'a user of an empty file': { args: ['-BbC4', 'f', 'u', 'p'], content: '' },
  'an updated user': { args: ['-BbC4', 'f', 'u', 'p'], content: `u:x\n${one}` },
  'a deleted user': { args: ['-D', 'f', 'a'], content: `u:x\n${one}b:y\n` },
  'the last user': { args: ['-D', 'f', 'a'], content: one },
  'a user who is not there, deleted': { args: ['-D', 'f', 'u'], content: one },
  'a deleted user of no file': { args: ['-D', 'f', 'u'] },
  'a good password': { args: ['-vb', 'f', 'u', 'password'], content: `u:${hash}\n` },
  'a good password from input': { args: ['-vi', 'f', 'u'], content: `u:${hash}\n`, input: 'password' },
  'a good password, typed': { args: ['-v', 'f', 'u'], content: `u:${hash}\n`, input: 'password\n' },
  'a wrong password': { args: ['-vb', 'f', 'u', 'Password'], content: `u:${hash}\n` },
  'a password of nobody': { args: ['-vb', 'f', 'u', 'p'], content: one },
  'a password of no file': { args: ['-vb', 'f', 'u', 'p'] },
  'a file of another form': { args: ['-BbC4', 'f', 'u', 'p'], content: `${one}hello\n` },
  'a file of another form, deleted from': { args: ['-D', 'f', 'a'], content: `hello\n${one}` },
  'a user with a colon': { args: ['-BbnC4', 'a:b', 'p'] },
  'a long user': { args: ['-BbnC4', 'x'.repeat(256), 'p'] },
  'a very long password': { args: ['-BbnC4', 'u', 'x'.repeat(257)] },
  nothing: { args: [] },
  'no user': { args: ['-Bbn'] },
  'no password': { args: ['-BbC4', 'f', 'u'], content: one },
  'too much': { args: ['-Bbn', 'u', 'p', 'q'] },
  'two things at once': { args: ['-nc', 'f'] },
  'other two things at once': { args: ['-vD', 'f', 'a'], content: one },
  'two passwords': { args: ['-Bbi', 'f', 'u', 'p'], content: one },
  'an unknown flag': { args: ['-q', 'f', 'u'], content: one },
  'a cost that is no number': { args: ['-BbnC', 'x', 'u', 'p'] },
  'a cost without its number': { args: ['-BbnC'] },

  'a cost that is too high': { args: ['-BbnC18', 'u', 'p'], differs: ['a mistake of the command line', 2] },
  'a hash of another kind': { args: ['-mbn', 'u', 'p'], differs: ['registries refuse it', 2] },
  'a hash of no kind': { args: ['-pbn', 'u', 'p'], differs: ['registries refuse it', 2] },
  'a password of another kind': {
    args: ['-vb', 'f', 'a', 'password'],
    content: one,
    differs: ['registries refuse it', 3],
  },
  'a password that bcrypt cuts': { args: ['-BbnC4', 'u', long], differs: ['registries refuse it', 5] },
  'an empty password': { args: ['-BbnC4', 'u', ''], differs: ['a variable that is not set', 3] },
  'a user who is a comment': { args: ['-BbnC4', '#u', 'p'], differs: ['nobody could log in', 6] },
  help: { args: ['--help'], differs: ['it was asked for', 0] },
}

interface Outcome {
  readonly code: number | undefined
  readonly stdout: string
  readonly files: Readonly<Record<string, string>>
}

let count = 0

async function outcome(tool: Tool, the: Case): Promise<Outcome> {
  const cwd = join(folder.path, `case-${count++}`)
  mkdirSync(cwd)
  if (the.content !== undefined) writeFileSync(join(cwd, 'f'), the.content)
  const { code, stdout } = await tool(the.args, cwd, the.input)
  const files = readdirSync(cwd).map((name) => [name, masked(readFileSync(join(cwd, name), 'utf8'))])
  return { code, stdout: masked(stdout), files: Object.fromEntries(files) as Outcome['files'] }
}

type Tool = (
  args: readonly string[],
  cwd: string,
  input?: string,
) => Promise<{ readonly code: number | undefined; readonly stdout: string }>

const apache: Tool = async (args, cwd, input = '') =>
  await run(programPath('htpasswd'), args, { cwd, input, mayFail: true })

/** In this process, which is quicker. */
const berth: Tool = async (args, cwd, input = '') => {
  let stdout = ''
  const before = process.cwd()
  process.chdir(cwd)
  try {
    const code = await htpasswd(args, {
      input: Readable.from([Buffer.from(input)]),
      openTerminal: () => undefined,
      out: async (text) => void (stdout += text),
      err: () => {},
    })
    return { code, stdout }
  } finally {
    process.chdir(before)
  }
}

/** Salts differ. */
function masked(text: string): string {
  return text.replace(/\$2y\$(\d\d)\$[./A-Za-z0-9]{53}/g, '$2y$$$1$$HASH')
}

void describe("htpasswd does what Apache's does", () => {
  for (const [name, the] of Object.entries(cases)) {
    const { differs } = the
    const unless = differs === undefined ? '' : `, but for this: ${differs[0]}`
    it(`${name}${unless}`, async (test) => {
      if (!requireProgram(test, 'htpasswd')) return
      const theirs = await outcome(apache, the)
      const own = await outcome(berth, the)
      if (differs === undefined) return assert.deepEqual(own, theirs)
      assert.notEqual(theirs.code, differs[1], 'no difference any more')
      assert.equal(own.code, differs[1])
      assert.deepEqual(own.files, the.content === undefined ? {} : { f: the.content })
    })
  }

  it('and each takes what the other makes', async (test) => {
    if (!requireProgram(test, 'htpasswd')) return
    const cwd = folder.path
    const password = 'pässword with "all" $sorts'
    for (const [maker, verifier, name] of [
      [berth, apache, 'from-berth'],
      [apache, berth, 'from-apache'],
    ] as const) {
      for (const [user, secret] of [
        ['first', 'p'],
        ['second', password],
        ['third', 'x'.repeat(72)],
      ] as const) {
        const flags = user === 'first' ? '-Bbc' : '-Bb'
        /* eslint-disable no-await-in-loop */
        assert.equal((await maker([flags, '-C5', name, user, secret], cwd)).code, 0)
        assert.equal((await verifier(['-vb', name, user, secret], cwd)).code, 0, `${name} ${user}`)
        assert.equal((await verifier(['-vb', name, user, `y${secret.slice(1)}`], cwd)).code, 3)
        /* eslint-enable no-await-in-loop */
      }
    }
  })
})
