import type { Log } from '../registry/context.ts'
import { formatAuditEvent, type AuditEvent } from './audit-event.ts'
import { openAuditFile, type AuditFile } from './audit-file.ts'
import { WaitingLines } from './waiting-lines.ts'

export interface AuditLogOptions {
  /** Absent: nothing is written. */
  readonly file: string | undefined
  readonly log: Log
  /** Told of lines that will never be written. */
  readonly onLost?: (lines: number) => void
  readonly open?: typeof openAuditFile
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds after which a file that failed is tried again. Default: 1 s. */
  readonly retryMilliseconds?: number
}

/** Milliseconds for which lines are gathered, ... */
const gatherMilliseconds = 50
/** ... and bytes from which on they are not. */
const gatherBytes = 16 * 1024
/** Milliseconds for which a slow file is waited for at the end. */
const patience = 2000
/** Milliseconds after which a pipe that was full is tried again. */
const fullMilliseconds = 20

/**
 * Opens the audit log.
 *
 * @throws Error of one line, when the file cannot be opened
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const log = new AuditLog(options)
  await log.use(options.file)
  return log
}

/** A file that is open, and not yet used. */
export interface PreparedFile {
  use(): Promise<void>
  discard(): Promise<void>
}

/**
 * Who did what, a line of JSON for each event, in order. Whoever writes to it never waits and never fails. While a file fails, or is
 * slower than what comes, lines wait for it, up to 1 MiB; from then on they are lost and counted, and the log says so, once
 * until all is well again.
 */
export class AuditLog {
  readonly #options: Required<Omit<AuditLogOptions, 'file'>>
  readonly #lines = new WaitingLines()
  #path: string | undefined
  #file: AuditFile | undefined
  /** The latest write, which never fails. */
  #writing: Promise<unknown> = Promise.resolve()
  #draining: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Ends a pause. */
  #wake: () => void = () => {}
  #isFailing = false
  #lost = 0
  /** Nobody waits for a file that fails. */
  #isEnding = false

  constructor({ file: _file, ...options }: AuditLogOptions) {
    this.#options = {
      onLost: () => {},
      open: openAuditFile,
      now: Date.now,
      retryMilliseconds: 1000,
      ...options,
    }
  }

  write(event: AuditEvent): void {
    if (this.#file === undefined) return
    if (!this.#lines.add(formatAuditEvent(event, this.#options.now()))) {
      this.#lose(1)
      this.#failed({ reason: 'more lines wait than are kept' })
    } else if (this.#lines.bytes >= gatherBytes) this.#drainSoon(0)
    else this.#drainSoon(gatherMilliseconds)
  }

  /**
   * Opens the file anew, for it may have been renamed, or another one. What is not yet written goes there.
   *
   * @param path undefined: nothing is written from now on
   * @throws Error of one line; the old file stays in use then
   */
  async use(path: string | undefined): Promise<void> {
    await (await this.prepare(path)).use()
  }

  /**
   * Opens what `use` would, and leaves the old file in use meanwhile.
   *
   * @returns takes it into use, or closes it again; neither fails
   * @throws Error of one line
   */
  async prepare(path: string | undefined): Promise<PreparedFile> {
    const opened = path === undefined ? undefined : await this.#options.open(path)
    return {
      use: async () => {
        if (opened === undefined) await this.#flush(patience)
        this.#path = path
        this.#replace(opened)
      },
      discard: async () => {
        await opened?.close().catch(() => {})
      },
    }
  }

  /** As `use`, with the same path: after a rotation. */
  async reopen(): Promise<void> {
    await this.use(this.#path)
  }

  /**
   * Writes what waits, and closes the file. What a failing file does not take then is lost, and so is what comes later.
   *
   * @param milliseconds for a file that is slow
   */
  async stop(milliseconds: number = patience): Promise<void> {
    await this.#flush(milliseconds)
    this.#replace(undefined)
  }

  async #flush(milliseconds: number): Promise<void> {
    this.#isEnding = true
    this.#drainSoon(0)
    this.#wake()
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds)
    })
    await Promise.race([this.#draining, tooLong])
    clearTimeout(timer)
    this.#isEnding = false
    if (this.#lines.bytes > 0) this.#lose(this.#lines.clear())
    if (this.#lost > 0)
      this.#options.log.error({ file: this.#path, lost: this.#lost }, 'audit log is not whole')
    this.#lost = 0
  }

  #replace(file: AuditFile | undefined): void {
    const before = this.#file
    this.#file = file
    this.#wake()
    // Not waited for: a write to a file system that hangs would hold up whoever reloads or stops.
    void this.#writing.then(() => before?.close()).catch(() => {})
  }

  #drainSoon(milliseconds: number): void {
    if (this.#draining !== undefined) return
    if (milliseconds > 0) {
      // Not to keep the process alive: whoever ends it calls `stop`.
      this.#timer ??= setTimeout(() => this.#drainSoon(0), milliseconds).unref()
      return
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#draining = this.#drain().finally(() => {
      this.#draining = undefined
      // What came while it ended.
      if (this.#file !== undefined && this.#lines.bytes > 0) this.#drainSoon(gatherMilliseconds)
    })
  }

  async #drain(): Promise<void> {
    for (let file = this.#file; file !== undefined; file = this.#file) {
      const next = this.#lines.next(file, file.wholeBytes)
      if (next === undefined) return this.#recovered()
      try {
        const writing = file.write(next)
        this.#writing = writing.catch(() => {})
        this.#lines.written(await writing)
      } catch (error) {
        if (isFull(error)) {
          await this.#pause(fullMilliseconds)
          continue
        }
        this.#failed({ err: error })
        if (this.#isEnding) return
        await this.#pause(this.#options.retryMilliseconds)
      }
    }
  }

  #lose(lines: number): void {
    this.#lost += lines
    this.#options.onLost(lines)
  }

  #failed(why: object): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.log.error({ file: this.#path, ...why }, 'audit log is not written')
  }

  #recovered(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#options.log.warn({ file: this.#path, lost: this.#lost }, 'audit log is written again')
    this.#lost = 0
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      this.#wake = (): void => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** A pipe whose reader does not read. */
function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
