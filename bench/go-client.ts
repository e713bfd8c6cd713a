import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { atExit } from '../test/support/at-exit.ts'
import { findProgram, repositoryRoot } from '../test/support/require-program.ts'

/** What a run of the Go client gives. */
export interface GoFigures {
  /** Bytes, or handshakes. */
  readonly done: number
  readonly seconds: number
  readonly cpuSeconds: number
}

export type GoCommand = 'handshakes' | 'push' | 'pull'

/** As bench/client/main.go names them. */
export type GoFlags = Readonly<Record<string, string | number>>

const source = join(repositoryRoot, 'bench', 'client', 'main.go')

/** The load program for TLS in `bench/client`, a process of its own: it has prepared, and waits for its start. */
export class GoClient {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #forget: () => void
  #said = ''

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    this.#forget = atExit(() => child.kill('SIGKILL'))
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    child.stdin.on('error', () => {}) // That it has ended is told by its output.
  }

  static async prepare(command: GoCommand, flags: GoFlags): Promise<GoClient> {
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    const client = new GoClient(spawn(build(), [command, ...args]))
    try {
      const line = await client.#line()
      if (line !== 'ready') throw new Error(`the Go client said ${line}`)
    } catch (error) {
      client.stop()
      throw error
    }
    return client
  }

  /** Does the work, which may be done once. */
  async run(): Promise<GoFigures> {
    this.#child.stdin.write('\n')
    return JSON.parse(await this.#line()) as GoFigures
  }

  stop(): void {
    this.#child.kill('SIGKILL')
    this.#forget()
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done !== true) return value
    throw new Error(`the Go client ended: ${this.#said.trim()}`)
  }
}

/** Where Go's own installation puts it, unless it is on the path. */
export function goProgram(): string {
  return findProgram('go') ?? '/usr/local/go/bin/go'
}

/** Builds it unless it is there, and gives its path. It needs nothing but Go's own library. */
function build(): string {
  const version = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)
  const folder = join(repositoryRoot, 'bench', 'out')
  const program = join(folder, `client-${version}`)
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const { status, stderr, error } = spawnSync(goProgram(), ['build', '-trimpath', '-o', program, source], {
    encoding: 'utf8',
    env: { ...process.env, CGO_ENABLED: '0' },
  })
  if (status !== 0)
    throw new Error(`cannot build the load program for TLS with Go: ${error?.message ?? stderr}`)
  return program
}
