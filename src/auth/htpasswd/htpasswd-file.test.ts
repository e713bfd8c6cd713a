import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  decodeHtpasswd,
  largestHtpasswd,
  parseHtpasswd,
  removeUser,
  setUser,
  userNameProblem,
} from './htpasswd-file.ts'

const rest = 'B4vN99ODhJQYq3LiqFuV/.9mAjocL6ks7DunvCneHmuksTlSQA9hu'
const one = `$2y$05$${rest}`
const other = `$2b$10$${rest}`

function usersOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(parseHtpasswd(text).users)
}

/** With their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

describe('a password file', () => {
  it('is read as Distribution reads it', () => {
    const text = `# users\n\n  ada:${one}  \r\n\t# no user\n\nbob smith:${other}\nada:${other}`
    assert.deepEqual(usersOf(text), { ada: other, 'bob smith': other })
    assert.deepEqual(parseHtpasswd(text).problems, [])
  })

  it('may be empty', () => {
    assert.deepEqual(parseHtpasswd(''), { users: new Map(), problems: [] })
  })

  it('may have comments behind its hashes', () => {
    assert.deepEqual(usersOf(`ada:${one}:Ada, of the first floor: left`), { ada: one })
  })

  it('tells the lines that are no entries, without quoting them, and keeps the others', () => {
    const { users, problems } = parseHtpasswd(`ada:${one}\nsecret word\n:${one}\nbob:${other}`)
    assert.deepEqual([...users.keys()], ['ada', 'bob'])
    assert.deepEqual(problems, [
      { line: 2, text: 'no colon, where user:hash is needed' },
      { line: 3, text: 'a user name is not empty' },
    ])
  })

  it('names the users whose hashes are of no use, and never the hashes', () => {
    const text = `ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"bob":hunter2\neve:$2y$31$${rest}\nzoe:$2y$`
    const { users, problems } = parseHtpasswd(text)
    assert.equal(users.size, 0)
    assert.deepEqual(problems, [
      { line: 1, text: 'user "ada": a SHA-1 hash, where bcrypt is needed (htpasswd -B makes it)' },
      { line: 2, text: 'user "\\"bob\\"": no hash, where bcrypt is needed (htpasswd -B makes it)' },
      { line: 3, text: 'user "eve": bcrypt of cost 31, where at most 17 is accepted' },
      { line: 4, text: 'user "zoe": a malformed bcrypt hash' },
    ])
  })

  it('gives a user whose last entry is bad no password, not even an earlier one', () => {
    assert.deepEqual(usersOf(`ada:${one}\nada:{SHA}x\n`), {})
    assert.deepEqual(usersOf(`ada:{SHA}x\nada:${one}\n`), { ada: one })
  })

  it('has names that are told short', () => {
    const [problem] = parseHtpasswd(`${'x'.repeat(5_000)}:secret`).problems
    assert.ok(problem !== undefined && problem.text.length < 200)
  })

  it('has no names that are not UTF-8, for all of them would be the same', () => {
    const text = Buffer.from(`j\xf6rg:${one}`, 'latin1').toString('utf8')
    assert.deepEqual(parseHtpasswd(text).problems, [{ line: 1, text: 'a user name is in UTF-8' }])
    assert.equal(parseHtpasswd(text).users.size, 0)
  })

  it('may name what JavaScript has too', () => {
    assert.deepEqual(
      [...parseHtpasswd(`__proto__:${one}\nconstructor:${one}`).users.keys()],
      ['__proto__', 'constructor'],
    )
  })

  it('is never a reason to throw, and no secret of it is told', () => {
    const secret = 'XyZZy'
    const piece = fc.constantFrom(
      ':',
      '#',
      '\n',
      '\r',
      ' ',
      secret,
      one,
      '$2y$',
      '{SHA}',
      'ada',
      '\ufffd',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { users, problems } = parseHtpasswd(pieces.join('').replaceAll(/^[^:\n]*:/gm, 'user:'))
        for (const hash of users.values()) assert.equal(hash, one)
        for (const { text } of problems) assert.ok(!text.includes(secret), text)
      }),
    )
  })

  it('is read quickly, also when it is large and bad', () => {
    const start = performance.now()
    for (const line of ['a', ':', `${'a'.repeat(100)}:$2y$`, ' '.repeat(1000)]) {
      parseHtpasswd(`${line}\n`.repeat(largestHtpasswd / (line.length + 1)))
    }
    parseHtpasswd(' '.repeat(largestHtpasswd))
    parseHtpasswd(`x:${'.'.repeat(largestHtpasswd)}`)
    assert.ok(performance.now() - start < 20_000)
  })
})

describe('the text of a file that is to be edited', () => {
  it('is UTF-8, and keeps its mark of that', () => {
    assert.equal(decodeHtpasswd(Buffer.from('\ufeffjörg:x')), '\ufeffjörg:x')
    assert.throws(() => decodeHtpasswd(Buffer.from('j\xf6rg:x', 'latin1')), /^Error: not UTF-8$/)
  })

  it('has a limit', () => {
    assert.equal(decodeHtpasswd(Buffer.alloc(largestHtpasswd, 'x')).length, largestHtpasswd)
    assert.throws(() => decodeHtpasswd(Buffer.alloc(largestHtpasswd + 1, 'x')), /larger than 4194304 bytes/)
  })
})

describe('setting a user', () => {
  it('adds a line', () => {
    assert.equal(setUser('', 'ada', one), `ada:${one}\n`)
    assert.equal(setUser('# x\n', 'ada', one), `# x\nada:${one}\n`)
    // As Distribution leaves its own file.
    assert.equal(setUser(`docker:${other}`, 'ada', one), `docker:${other}\nada:${one}\n`)
    assert.equal(setUser('# x\r\n', 'ada', one), `# x\r\nada:${one}\r\n`)
  })

  it('replaces the old entries where the first one is', () => {
    const text = `# a\r\n ada:x \r\nbad\nbob:y\nada:z\n\n#ada:old`
    assert.equal(setUser(text, 'ada', one), `# a\r\nada:${one}\r\nbad\nbob:y\n\n#ada:old`)
  })

  it('is refused for what the file could not say', () => {
    const bad = [
      '',
      'a:b',
      ' a',
      'a ',
      '#a',
      'a\nb',
      'a\0',
      'x'.repeat(256),
      'ä'.repeat(128),
      '\ufffd',
      '\ud800',
    ]
    for (const user of bad) {
      assert.equal(typeof userNameProblem(user), 'string', user)
      assert.throws(() => setUser('', user, one), Error, user)
    }
    for (const user of ['ada', 'a b', 'a#', 'jörg', '😀', '"', 'x'.repeat(255)]) {
      assert.equal(userNameProblem(user), undefined)
      assert.deepEqual(usersOf(setUser('', user, one)), { [user]: one })
    }
    assert.throws(() => setUser('', 'ada', `${one}\neve:${one}`), /a hash is one line/)
  })
})

describe('removing a user', () => {
  it('takes all of his entries', () => {
    assert.equal(removeUser(`# a\n ada:x \nbob:y\r\nada:z`, 'ada'), `# a\nbob:y\r\n`)
  })

  it('tells when there are none', () => {
    assert.equal(removeUser('# ada:x\nada\nadah:x', 'ada'), undefined)
  })
})

describe('edits', () => {
  const user = fc.constantFrom('ada', 'bob', 'a b', 'jörg')
  const line = fc.oneof(
    fc.tuple(user, fc.constantFrom(one, other, '{SHA}x', '')).map(([name, hash]) => `${name}:${hash}`),
    fc.constantFrom('', '#', '# ada:x', 'ada', '  ', ` bob:${one} `),
    fc.string(),
  )
  const text = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 12 }).chain((lines) =>
    fc.boolean().map((isCut) => {
      const whole = lines.map(([content, ending]) => content + ending).join('')
      return isCut ? whole.replace(/\r?\n$/, '') : whole
    }),
  )

  it('change one user and leave all others as they were', () => {
    fc.assert(
      fc.property(text, user, (before, name) => {
        const after = setUser(before, name, one)
        const expected = { ...usersOf(before), [name]: one }
        assert.deepEqual(usersOf(after), expected)
        // Once is enough.
        assert.equal(setUser(after, name, one), after)
        const removed = removeUser(after, name)
        const { [name]: _, ...others } = expected
        assert.ok(removed !== undefined)
        assert.deepEqual(usersOf(removed), others)
        assert.equal(removeUser(removed, name), undefined)
      }),
    )
  })

  it('keep every other line byte for byte, in its order', () => {
    fc.assert(
      fc.property(text, user, (before, name) => {
        const isOthers = (content: string): boolean => !content.trim().startsWith(`${name}:`)
        const kept = linesOf(before).filter(isOthers)
        assert.deepEqual(linesOf(removeUser(before, name) ?? before), kept)
        const after = linesOf(setUser(before, name, one)).filter(isOthers)
        // A last line without an end gets one when another follows.
        assert.deepEqual(
          after.map((content) => content.replace(/\r?\n$/, '')),
          kept.map((content) => content.replace(/\r?\n$/, '')),
        )
        assert.deepEqual(after.slice(0, -1), kept.slice(0, -1))
      }),
    )
  })
})
