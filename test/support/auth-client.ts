import assert from 'node:assert/strict'

/** Real clients, as far as logging in, pushing and pulling go: the same promises are tried with each. */

export interface Login {
  readonly user: string
  readonly password: string
}

/** What a client did and said, as its user sees it. */
export interface Said {
  readonly ok: boolean
  readonly text: string
}

export interface Client {
  readonly name: string
  /** Says who pushes and pulls from now on. A client that has no such command remembers it, and succeeds. */
  login(host: string, who: Login): Promise<Said>
  /** From now on nobody does. */
  logout(host: string): Promise<Said>
  /** Pushes an image or chart of its own as HOST/REPOSITORY:TAG. */
  push(name: string): Promise<Said>
  /** Pulls HOST/REPOSITORY:TAG. Nothing of it is there before. */
  pull(name: string): Promise<Said>
}

/** Runs a command whose failure is an answer. What it said begins behind the command line (see `run`). */
export async function attempt(command: () => Promise<unknown>): Promise<Said> {
  try {
    return { ok: true, text: String(await command()) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, text: message.replace(/^[^\n]*\nended with [^\n]*\n/, '').trim() }
  }
}

export function accepted(said: Said): void {
  assert.ok(said.ok, said.text)
}

/** @param text what its user reads */
export function refused(said: Said, text: RegExp): void {
  assert.ok(!said.ok, `should have been refused, and was not: ${said.text}`)
  assert.match(said.text, text)
}
