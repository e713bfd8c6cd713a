import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { compare, hash } from 'bcrypt'
import { recordingLog, type LogEntry } from '../../../test/tls/recording-log.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { RegistryError } from '../../registry/errors.ts'
import { Unauthorized } from '../../registry/unauthorized.ts'
import {
  openHtpasswd,
  type Compare,
  type Htpasswd,
  type HtpasswdOptions,
  type LoginAttempt,
} from './htpasswd.ts'
import { createLoginState } from './login-state.ts'
import { dummyHash } from './password-hash.ts'

const folder = temporaryFolder()
after(() => folder.remove())

const here = '192.0.2.1'
const there = '192.0.2.2'
const longPassword = 'p'.repeat(73)
let hashes: { readonly ada: string; readonly bob: string; readonly cut: string }
before(async () => {
  const [ada, bob, cut] = await Promise.all(
    ['ada-secret', 'bob-secret', longPassword.slice(0, 72)].map((password) => hash(password, 4)),
  )
  assert.ok(ada !== undefined && bob !== undefined && cut !== undefined)
  hashes = { ada: ada.replace('$2b$', '$2y$'), bob, cut }
})

/** New in each test. */
let path: string
let files = 0
beforeEach(async () => {
  path = join(folder.path, `htpasswd-${files++}`)
  await writeFile(path, `ada:${hashes.ada}\nbob:${hashes.bob}\ncut:${hashes.cut}\nold:{SHA}x\n`)
})

class Scene {
  time = Date.now() + 60_000
  readonly attempts: LoginAttempt[] = []
  readonly counted = new Map<string, number>()
  readonly entries: LogEntry[]
  /** Costs that were compared with. */
  readonly costs: string[] = []
  readonly passwords: string[] = []
  readonly told: string[] = []
  readonly #options: HtpasswdOptions
  #htpasswd: Promise<Htpasswd> | undefined

  constructor(options: Partial<HtpasswdOptions> = {}, inner: Compare = compare) {
    const { log, entries } = recordingLog()
    this.entries = entries
    this.#options = {
      path,
      log,
      tell: (text) => this.told.push(text),
      onLogin: (attempt) => this.attempts.push(attempt),
      onAttempt: (outcome) => this.counted.set(outcome, (this.counted.get(outcome) ?? 0) + 1),
      now: () => this.time,
      compare: (password, text) => {
        this.costs.push(text.slice(0, 7))
        this.passwords.push(password)
        return inner(password, text)
      },
      ...options,
    }
  }

  open(): Promise<Htpasswd> {
    this.#htpasswd ??= openHtpasswd(this.#options)
    return this.#htpasswd
  }

  /** The user's name, or why he is not let in. */
  async login(user: string, password: string, client: string | undefined = here): Promise<string> {
    const htpasswd = await this.open()
    try {
      return (await htpasswd.login(user, password, client)).name
    } catch (error) {
      if (error instanceof Unauthorized)
        return inspect(error.cause).split('\n')[0]?.replace('Error: ', '') ?? ''
      if (error instanceof RegistryError) return `${error.code} ${error.retryAfter}`
      throw error
    }
  }
}

const noUser = 'no such user, or none with a bcrypt hash'
const barred = /^TOO_MANY_REQUESTS \d+$/

/** Compares that end when they are told to. */
class Compares {
  readonly #ends: (() => void)[] = []

  readonly compare: Compare = async (password, text) => {
    await new Promise<void>((resolve) => this.#ends.push(resolve))
    return await compare(password, text)
  }

  /** Lets all end, and those that wait for them. */
  async endAll(): Promise<void> {
    for (let idle = 0; idle < 50; idle++) {
      await turn()
      if (this.#ends.length > 0) idle = 0
      for (const end of this.#ends.splice(0)) end()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

describe('a login', () => {
  it('is accepted with the right password, and tells who it is', async () => {
    const scene = new Scene()
    const login = await (await scene.open()).login('ada', 'ada-secret', here)
    assert.deepEqual(login, { name: 'ada', stamp: await (await scene.open()).stamp('ada') })
    assert.deepEqual(scene.attempts, [{ outcome: 'accepted', user: 'ada', client: here }])
    assert.deepEqual(
      scene.entries.filter(({ level }) => level !== 'warn'),
      [],
    )
  })

  it('is refused otherwise, in one way for all', async () => {
    const scene = new Scene()
    const refused: readonly (readonly [string, string, string])[] = [
      ['ada', 'wrong', 'wrong password'],
      ['ada', '', 'wrong password'],
      ['ada', 'bob-secret', 'wrong password'],
      ['nobody', 'ada-secret', noUser],
      ['', '', noUser],
      ['Ada', 'ada-secret', noUser],
      ['old', 'x', noUser],
      ['__proto__', 'x', noUser],
    ]
    for (const [user, password, why] of refused) {
      assert.equal(await scene.login(user, password), why)
      const error = await (
        await scene.open()
      )
        .login(user, password, there)
        .catch((failure: unknown) => failure)
      assert.ok(error instanceof Unauthorized)
      assert.equal(error.message, 'authentication required')
      assert.equal(error.reason, undefined)
      assert.equal(error.detail, undefined)
    }
    assert.equal(await scene.login('cut', longPassword.slice(0, 72)), 'cut')
  })

  it('costs one compare of the same cost, whoever it is', async () => {
    const scene = new Scene()
    const logins: readonly (readonly [string, string])[] = [
      ['ada', 'ada-secret'],
      ['ada', 'wrong'],
      ['nobody', 'wrong'],
      ['', ''],
      ['old', 'x'],
      ['cut', longPassword],
      ['nobody', longPassword],
    ]
    for (const [index, [user, password]] of logins.entries()) {
      await scene.login(user, password)
      assert.equal(scene.costs.length, index + 1, user)
    }
    assert.deepEqual([...new Set(scene.costs)], ['$2b$04$'])
  })

  it('costs for unknown users what it costs for those in the file, and the same each time', async () => {
    const text = Array.from({ length: 40 }, (_, index) => `u${index}:${dummyHash(index < 30 ? 4 : 5)}\n`)
    await writeFile(path, text.join(''))
    const scene = new Scene({}, async () => false)
    for (let index = 0; index < 200; index++) await scene.login(`nobody-${index}`, 'x', `10.0.${index}.1`)
    const first = [...scene.costs]
    const dear = first.filter((cost) => cost === '$2b$05$').length
    assert.ok(dear > 20 && dear < 90, `${dear} of 200`)
    for (let index = 0; index < 200; index++) await scene.login(`nobody-${index}`, 'y', `10.0.${index}.1`)
    assert.deepEqual(scene.costs.slice(200), first)
  })

  it('costs a compare of ten where nobody has a password', async () => {
    await writeFile(path, 'old:{SHA}x\n')
    const scene = new Scene()
    assert.equal(await scene.login('ada', 'x'), noUser)
    assert.deepEqual(scene.costs, ['$2b$10$'])
  })

  it('knows passwords of other alphabets, and 72 bytes of each', async () => {
    const passwords = ['пароль', '😀'.repeat(18), ' spaces ', 'a:b']
    const lines = await Promise.all(
      passwords.map(async (text, index) => `u${index}:${await hash(text, 4)}\n`),
    )
    await writeFile(path, lines.join(''))
    const scene = new Scene()
    for (const [index, password] of passwords.entries()) {
      assert.equal(await scene.login(`u${index}`, password), `u${index}`)
    }
    // As both Distributions and Apache's server: bcrypt itself looks no further.
    assert.equal(await scene.login('u1', '😀'.repeat(18) + 'x'), 'u1')
  })

  it('that cannot be verified is a failure of ours, and counts for nothing', async () => {
    const scene = new Scene({}, () => Promise.reject(new Error('out of memory')))
    for (let attempt = 0; attempt < 20; attempt++) {
      await assert.rejects(scene.login('ada', 'ada-secret'), { message: 'out of memory' })
    }
    assert.deepEqual(scene.attempts, [])
  })
})

describe('a remembered login', () => {
  it('costs nothing, and is told nobody', async () => {
    const scene = new Scene()
    for (let count = 0; count < 50; count++) assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    assert.equal(scene.costs.length, 1)
    assert.equal(scene.attempts.length, 1)
  })

  it('costs nothing from another address either, where it is told once', async () => {
    const scene = new Scene()
    for (let count = 0; count < 50; count++) {
      await scene.login('ada', 'ada-secret')
      assert.equal(await scene.login('ada', 'ada-secret', there), 'ada')
    }
    assert.equal(scene.costs.length, 1)
    assert.deepEqual(
      scene.attempts,
      [here, there].map((client) => ({ outcome: 'accepted', user: 'ada', client })),
    )
    assert.equal(scene.counted.get('accepted'), 2)
  })

  it('is so for five minutes', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret')
    scene.time += 5 * 60_000
    await scene.login('ada', 'ada-secret')
    assert.equal(scene.costs.length, 2)
  })

  it('is forgotten when its entry changes, or goes', async () => {
    const scene = new Scene()
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    await writeFile(path, `ada:${await hash('other-secret', 4)}\nbob:${hashes.bob}\n`)
    assert.equal(await scene.login('ada', 'ada-secret'), 'wrong password')
    assert.equal(await scene.login('ada', 'other-secret'), 'ada')
    await writeFile(path, `bob:${hashes.bob}\n`)
    assert.equal(await scene.login('ada', 'other-secret'), noUser)
    await writeFile(path, `ada:${await hash('ada-secret', 4)}\n`)
    const { length } = scene.costs
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    assert.equal(scene.costs.length, length + 1)
  })

  it('says nothing of other passwords', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret')
    assert.equal(await scene.login('ada', 'ada-secreT'), 'wrong password')
    assert.equal(await scene.login('bob', 'ada-secret'), 'wrong password')
  })

  it('outlives a reload, as failures do', async () => {
    const state = createLoginState()
    const first = new Scene({ state })
    await first.login('ada', 'ada-secret')
    for (let count = 0; count < 6; count++) await first.login('bob', `wrong-${count}`)
    const second = new Scene({ state })
    assert.equal(await second.login('ada', 'ada-secret'), 'ada')
    assert.equal(second.costs.length, 0)
    assert.match(await second.login('bob', 'bob-secret'), barred)
  })
})

async function attack(scene: Scene, user: string = 'ada', client: string = here): Promise<void> {
  for (let count = 0; count < 6; count++) await scene.login(user, `guess-${count}`, client)
  assert.match(await scene.login(user, 'guess', client), barred)
}

describe('parallel logins', () => {
  it('with the same credentials share a compare, wherever they come from', async () => {
    const compares = new Compares()
    const scene = new Scene({}, compares.compare)
    const logins = Array.from({ length: 300 }, (_, index) =>
      scene.login('ada', 'ada-secret', `192.0.2.${index % 30}`),
    )
    const wrong = Array.from({ length: 300 }, () => scene.login('bob', 'wrong'))
    await compares.endAll()
    assert.deepEqual([...new Set(await Promise.all(logins))], ['ada'])
    assert.deepEqual([...new Set(await Promise.all(wrong))], ['wrong password'])
    assert.equal(scene.costs.length, 2)
    // One attempt of each address.
    assert.equal(scene.attempts.filter(({ outcome }) => outcome === 'accepted').length, 30)
    assert.equal(scene.attempts.filter(({ outcome }) => outcome === 'refused').length, 1)
  })

  it('with the right password are all accepted when there is one try', async () => {
    const scene = new Scene()
    await attack(scene)
    scene.time += 1_000
    const logins = Array.from({ length: 20 }, () => scene.login('ada', 'ada-secret'))
    assert.deepEqual([...new Set(await Promise.all(logins))], ['ada'])
  })

  it('with a thousand guesses get five of them', async () => {
    const compares = new Compares()
    const scene = new Scene({}, compares.compare)
    const guesses = Array.from({ length: 1000 }, (_, index) => scene.login('ada', `guess-${index}`))
    await compares.endAll()
    const outcomes = await Promise.all(guesses)
    assert.equal(outcomes.filter((outcome) => outcome === 'wrong password').length, 5)
    assert.equal(outcomes.filter((outcome) => barred.test(outcome)).length, 995)
    assert.equal(scene.costs.length, 5)
  })

  it('with a thousand users get as many as may wait', async () => {
    const compares = new Compares()
    const scene = new Scene({}, compares.compare)
    const guesses = Array.from({ length: 1000 }, (_, index) => scene.login(`user-${index}`, 'guess'))
    await compares.endAll()
    const outcomes = await Promise.all(guesses)
    const tried = outcomes.filter((outcome) => outcome === noUser).length
    // Two at once and sixteen that wait; one more where the first ended before the last came.
    assert.ok(tried >= 18 && tried <= 22, `${tried} were tried`)
    assert.equal(outcomes.filter((outcome) => barred.test(outcome)).length, 1000 - tried)
    // Whom there was no room for has not failed.
    assert.equal(scene.attempts.filter(({ outcome }) => outcome === 'refused').length, tried)
  })
})

describe('hashes of a high cost', () => {
  it('are compared with one at a time, and leave a place for others', async () => {
    await writeFile(
      path,
      `ada:${hashes.ada}\nbob:${hashes.bob}\n${['s', 't', 'u'].map((user) => `${user}:${dummyHash(14)}\n`).join('')}`,
    )
    const compares = new Compares()
    const scene = new Scene({}, (_, text) => compares.compare('', text.replace('$14$', '$04$')))
    const slow = ['s', 't', 'u', 's'].map((user, index) =>
      scene.login(user, `guess-${index}`, `192.0.${index}.1`),
    )
    const fast = ['ada', 'bob'].map((user) => scene.login(user, 'guess', '198.51.100.1'))
    for (let tries = 0; tries < 500 && scene.costs.length < 2; tries++)
      await new Promise((resolve) => setTimeout(resolve, 2))
    for (let turns = 0; turns < 20; turns++) await turn()
    assert.deepEqual(scene.costs.toSorted(), ['$2b$04$', '$2b$14$'])
    await compares.endAll()
    assert.deepEqual([...new Set(await Promise.all([...slow, ...fast]))], ['wrong password'])
    assert.equal(scene.costs.length, 6)
  })
})

describe('brute force', () => {
  it('is slowed, also when the guess is right', async () => {
    const scene = new Scene()
    await attack(scene)
    assert.equal(await scene.login('ada', 'ada-secret'), 'TOO_MANY_REQUESTS 1')
    scene.time += 1_000
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    assert.equal(await scene.login('ada', 'guess'), 'wrong password')
  })

  it('of users that do not exist is slowed in the same way', async () => {
    const scene = new Scene()
    await attack(scene, 'nobody')
    assert.equal(await scene.login('nobody', 'guess'), 'TOO_MANY_REQUESTS 1')
  })

  it('does not keep the user out elsewhere', async () => {
    const scene = new Scene()
    await attack(scene)
    assert.equal(await scene.login('ada', 'ada-secret', there), 'ada')
    assert.equal(await scene.login('bob', 'bob-secret'), 'bob')
  })

  it('does not keep him out where he was in, not even when it is no more remembered', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret')
    await attack(scene)
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    scene.time += 5 * 60_000
    await attack(scene)
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
  })

  it('cannot guess as fast as it likes while the user is at work elsewhere', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret', there)
    await attack(scene)
    assert.match(await scene.login('ada', 'ada-secret', here), barred)
    assert.equal(await scene.login('ada', 'ada-secret', there), 'ada')
  })

  it('gains no tries by what the user does in the same place', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret')
    await attack(scene)
    for (let count = 0; count < 20; count++) {
      assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
      assert.match(await scene.login('ada', 'guess'), barred)
    }
  })

  it('over many users is slowed by address, and leaves those alone who were in', async () => {
    const scene = new Scene()
    await scene.login('ada', 'ada-secret')
    for (let index = 0; index < 60; index++) assert.equal(await scene.login(`user-${index}`, 'x'), noUser)
    assert.match(await scene.login('user-60', 'x'), barred)
    assert.match(await scene.login('bob', 'bob-secret'), barred)
    scene.time += 5 * 60_000 - 1
    for (let index = 0; index < 60; index++) await scene.login(`user-${index}`, 'y')
    assert.match(await scene.login('bob', 'bob-secret'), barred)
    scene.time += 1
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada', 'although it costs a compare')
    assert.equal(await scene.login('bob', 'bob-secret', there), 'bob')
    const bySocket = await (await scene.open()).login('bob', 'bob-secret', undefined)
    assert.equal(bySocket.name, 'bob')
  })

  it('is not what a client does that goes on with one old password', async () => {
    const scene = new Scene()
    assert.equal(await scene.login('ada', 'old-secret'), 'wrong password')
    const { length } = scene.costs
    for (let count = 0; count < 200; count++)
      assert.equal(await scene.login('ada', 'old-secret'), 'the same wrong password as before')
    assert.equal(scene.costs.length, length, 'and no compare')
    assert.equal(await scene.login('ada', 'ada-secret'), 'ada')
    assert.equal(
      await scene.login('ada', 'old-secret', there),
      'wrong password',
      'another address counts anew',
    )
    scene.time += 10 * 60_000
    assert.equal(await scene.login('ada', 'old-secret'), 'wrong password', 'and so it does later')
  })

  it('from there is told anew when the entry has changed', async () => {
    const scene = new Scene()
    assert.equal(await scene.login('ada', 'bob-secret'), 'wrong password')
    await writeFile(path, `ada:${hashes.bob}\n`)
    assert.equal(await scene.login('ada', 'bob-secret'), 'ada')
  })

  it('from a network of IPv6 is one', async () => {
    const scene = new Scene()
    for (let index = 1; index < 8; index++)
      await scene.login('ada', `guess-${index}`, `2001:db8:0:1::${index}`)
    assert.match(await scene.login('ada', 'guess', '2001:db8:0:1:ffff::1'), barred)
    assert.equal(await scene.login('ada', 'guess', '2001:db8:0:2::1'), 'wrong password')
  })

  it('from many addresses lets others log in promptly', async () => {
    const compares = new Compares()
    const scene = new Scene({}, compares.compare)
    const first = scene.login('ada', 'ada-secret')
    await compares.endAll()
    await first
    scene.time += 5 * 60_000
    const guesses = Array.from({ length: 2_000 }, (_, index) =>
      scene.login('ada', `guess-${index}`, `198.51.100.${index % 200}`),
    )
    await turn()
    const newcomer = scene.login('bob', 'bob-secret', there)
    const known = scene.login('ada', 'ada-secret')
    await compares.endAll()
    assert.equal(await known, 'ada')
    assert.equal(await newcomer, 'bob')
    // His first login, the two guesses that were under way, and what was served while his file was looked at.
    const position = scene.passwords.indexOf('ada-secret', 1)
    assert.ok(position <= 6, `served as number ${position}`)
    const served = (await Promise.all(guesses)).filter((outcome) => outcome === 'wrong password').length
    assert.ok(served >= 40 && served < 60, `${served}: what takes two seconds`)
  })

  it('does not fill the log', async () => {
    const scene = new Scene()
    for (let index = 0; index < 200; index++) await scene.login('ada', `guess-${index}`)
    const lines = scene.entries.filter(({ message }) => message.startsWith('login'))
    assert.deepEqual(
      lines.map(({ message }) => message),
      ['login refused', 'login throttled'],
    )
    assert.equal(scene.attempts.filter(({ outcome }) => outcome === 'refused').length, 5)
    assert.equal(scene.attempts.filter(({ outcome }) => outcome === 'throttled').length, 1)
    assert.deepEqual(Object.fromEntries(scene.counted), { refused: 5, throttled: 195 })
    assert.doesNotMatch(JSON.stringify([scene.entries, scene.attempts]), /guess|\$2/)
  })
})

describe('a stamp', () => {
  it('is of the user and his hash, and the same everywhere', async () => {
    const one = await new Scene().open()
    const other = await new Scene().open()
    const stamp = await one.stamp('ada')
    assert.match(stamp ?? '', /^[0-9a-f]{16}$/)
    assert.equal(await other.stamp('ada'), stamp)
    assert.notEqual(await one.stamp('bob'), stamp)
    assert.equal(await one.stamp('nobody'), undefined)
    assert.equal(await one.stamp('old'), undefined)
    await writeFile(path, `ada:${hashes.bob}\nbob:${hashes.bob}\n`)
    assert.notEqual(await one.stamp('ada'), stamp)
    assert.notEqual(await one.stamp('ada'), await one.stamp('bob'))
    await rm(path)
    assert.notEqual(await one.stamp('ada'), undefined, 'the old users stay')
  })
})

describe('opening a password file', () => {
  it('makes it where there is none', async () => {
    path = join(folder.path, `new-${files}`, 'htpasswd')
    const scene = new Scene()
    await scene.open()
    const [, password = ''] = /user docker, password (\S+)/.exec(scene.told.join('')) ?? []
    assert.equal(await scene.login('docker', password), 'docker')
    assert.doesNotMatch(JSON.stringify([scene.entries, scene.attempts]), new RegExp(password))
    const again = new Scene()
    assert.equal(await again.login('docker', password), 'docker')
    assert.deepEqual(again.told, [])
  })

  it('makes it once where several processes start', async () => {
    path = join(folder.path, `several-${files}`, 'htpasswd')
    const scenes = Array.from({ length: 5 }, () => new Scene())
    await Promise.all(scenes.map((scene) => scene.open()))
    const told = scenes.flatMap((scene) => scene.told)
    assert.equal(told.length, 1)
    const [, password = ''] = /user docker, password (\S+)/.exec(told[0] ?? '') ?? []
    for (const scene of scenes) assert.equal(await scene.login('docker', password), 'docker')
  })

  it('fails in one line that names the key', async () => {
    const rejects = (reason: string): Promise<void> =>
      assert.rejects(new Scene().open(), { message: `auth.htpasswd.path: ${path}: ${reason}` })
    path = join(path, 'htpasswd')
    await rejects('a part of its path is not a folder')
    path = join(folder.path, `folder-${files}`)
    await mkdir(path)
    await rejects('it is a folder, not a file')
    // Where not even root can make anything.
    path = '/sys/berth/htpasswd'
    await assert.rejects(new Scene().open(), {
      message:
        /^auth\.htpasswd\.path: \/sys\/berth\/htpasswd: no such file, and none could be made: [a-z -]+$/,
    })
  })
})
