import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkAnswer, contentHeaders, outcome } from '../http/in-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { callers, strangers, tokenCallers, tokenStrangers, type CallerKind } from './decisions/callers.ts'
import { CarefulClient, type Answered } from './decisions/client.ts'
import { catalogOf, existing, expected, type Expected, type Question } from './decisions/evaluator.ts'
import { allPolicies, tokenPolicies, type Policy } from './decisions/policies.ts'
import { generalRequests, repositoryRequests, type Request } from './decisions/requests.ts'
import { createWorld, writeFiles, type Files, type World } from './decisions/world.ts'

void test('every request, by every kind of caller, under every rule', async (t) => {
  const files = await writeFiles(temporaryFolder(t).path)
  let rows = 0
  for (const policy of [...allPolicies(), ...tokenPolicies()]) {
    const name = policy.access === 'tokens' ? `${policy.name}, by tokens of somebody else` : policy.name
    await t.test(name, async (part) => {
      rows += await checkPolicy(part, policy, files)
    })
  }
  await t.test('there are as many rows as were asked for', () => {
    assert.ok(rows > 10_000, `${rows} rows`)
    t.diagnostic(`${rows} rows`)
  })
})

async function checkPolicy(t: TestContext, policy: Policy, files: Files): Promise<number> {
  const table = new Table(policy, await createWorld(t, policy, files))
  try {
    const [known, unknown] =
      policy.access === 'tokens' ? [tokenCallers, tokenStrangers] : [callers, strangers]
    const asking = policy.isThorough === true ? [...known, ...unknown] : known
    for (const request of generalRequests()) {
      for (const caller of asking) await table.ask(caller, request, undefined)
    }
    for (const place of policy.isThorough === true ? ['room', 'attic'] : ['room']) {
      for (const caller of asking) await table.askAll(caller, place)
    }
  } finally {
    table.close()
  }
  const { failures } = table
  assert.ok(failures.length === 0, `${failures.length} failures:\n${failures.slice(0, 30).join('\n')}`)
  return table.rows
}

/** The rows of one policy. */
class Table {
  readonly failures: string[] = []
  rows = 0
  readonly #policy: Policy
  readonly #world: World
  readonly #client: CarefulClient
  #absentNames = 0

  constructor(policy: Policy, world: World) {
    this.#policy = policy
    this.#world = world
    this.#client = new CarefulClient(world.server.port)
  }

  close(): void {
    this.#client.close()
  }

  /** All about a repository that is there, and the same about one that is not. Who is refused must not know which is which. */
  async askAll(caller: CallerKind, place: string): Promise<void> {
    const there = `${place}/there`
    const upload = this.#world.uploads.get(there) ?? ''
    const about = { upload, withOthers: this.#policy.isThorough === true }
    const aboutAbsent = repositoryRequests(`${place}/absent`, { ...about, isThere: false })
    for (const [index, request] of repositoryRequests(there, { ...about, isThere: true }).entries()) {
      // A name of its own, as long as the other: what is pushed here is removed behind the registry's back.
      const absent = `${place}/a${String(this.#absentNames++).padStart(4, '0')}`
      const same = aboutAbsent[index]
      assert.ok(same)
      const one = await this.ask(caller, request, there)
      const path = same.path.replace(`${place}/absent`, absent)
      const other = await this.ask(caller, { ...same, path }, absent)
      if (!one.expected.isRefused || !other.expected.isRefused) continue
      // Who may pull knows what is there; and a mount from the repository itself is about no other one.
      if (one.expected.outcome.startsWith('403') || request.mount?.from === there) continue
      const left = seenOf(one.answer, there)
      const right = seenOf(other.answer, absent)
      if (left !== right) this.#fail(caller, request, `tells what is there: ${left}\n    ${right}`)
    }
  }

  async ask(
    caller: CallerKind,
    request: Request,
    repository: string | undefined,
  ): Promise<{ readonly answer: Answered; readonly expected: Expected }> {
    const { server } = this.#world
    const question: Question = { policy: this.#policy, caller, request, repository, url: server.url }
    const wanted = expected(question)
    const authorization = this.#world.authorization(caller.brings, repository ?? 'room/there')
    const { method, path, headers, body } = request
    const answer = await this.#client.ask({
      method,
      path,
      body,
      headers: {
        ...headers,
        ...(authorization !== undefined && { Authorization: authorization }),
        // Nobody's failures slow down another's.
        'X-Forwarded-For': addressOf(this.rows++),
      },
    })
    const wrong = (what: string): void => this.#fail(caller, request, what)
    try {
      checkAnswer(method, path, answer)
    } catch (error) {
      wrong(String(error))
    }
    const got = method === 'HEAD' ? String(answer.status) : outcome(answer)
    const outcomeWanted = method === 'HEAD' ? wanted.outcome.slice(0, 3) : wanted.outcome
    if (got !== outcomeWanted) wrong(`${got}, not ${outcomeWanted}`)
    const challenge = answer.headers['www-authenticate']
    if (challenge !== wanted.challenge) wrong(`challenge ${challenge}, not ${wanted.challenge}`)
    if (wanted.isRefused && answer.wasAsked) wrong('asked for the body')
    const isUnchanged = await this.#world.restore()
    if (wanted.isRefused && !isUnchanged) wrong('changed the store')
    if (request.isCatalog === true && method === 'GET' && answer.status === 200) {
      const { repositories } = answer.json() as { repositories: readonly string[] }
      const found = repositories.filter((name) => existing.includes(name))
      if (String(found) !== String(catalogOf(question))) wrong(`lists ${String(found)}`)
    }
    return { answer, expected: wanted }
  }

  #fail(caller: CallerKind, { method, path, name }: Request, what: string): void {
    this.failures.push(`${caller.name}: ${method} ${path} (${name}): ${what}`)
  }
}

/** All that a client sees, but for the name of the repository, the clock and the id. */
function seenOf({ status, headers, body }: Answered, repository: string): string {
  const text = `${status} ${JSON.stringify(contentHeaders(headers))} ${body.toString()}`
  return text.replaceAll(repository, 'REPOSITORY')
}

function addressOf(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
}
