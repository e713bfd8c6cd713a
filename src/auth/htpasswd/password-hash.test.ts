import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compare, hash } from 'bcrypt'
import { comparableHash, dummyHash, parsePasswordHash } from './password-hash.ts'

const rest = 'B4vN99ODhJQYq3LiqFuV/.9mAjocL6ks7DunvCneHmuksTlSQA9hu'

describe('a password hash', () => {
  it('is one of bcrypt, by any of its three names', () => {
    for (const version of ['2a', '2b', '2y']) {
      const text = `$${version}$05$${rest}`
      assert.deepEqual(parsePasswordHash(text), { kind: 'bcrypt', cost: 5, hash: text })
    }
  })

  const refused: Readonly<Record<string, readonly string[]>> = {
    'an MD5 hash (apr1)': ['$apr1$n2wYbcWf$kPr0fVtPVlEI8nlJnQAvT1'],
    'an MD5 hash (crypt)': ['$1$O3JMY.Tw$AdLnLjQ/5jXF9.MTp3gHv/'],
    'a SHA-1 hash': ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='],
    'a SHA-256 hash (crypt)': ['$5$MnfsQ4iN$ZMTppKN16y/tIsUYs/obHlhdP.Os80yXhTurpBMUbA5'],
    'a SHA-512 hash (crypt)': [
      '$6$zWwwXKNj$gLAOoZCjcr8p/.VgV/FkGC3NX7BsXys3KHYePfuIGMNjY83dVxugPYlxVg/evpcVEJLT/rSwZcDMlVVf/bhf.1',
    ],
    'a DES hash (crypt)': ['rl.uXRgyGJtiY'],
    'a yescrypt hash': ['$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7'],
    'no hash': ['secret', '', ' ', `x$2y$05$${rest}`],
  }
  for (const [kind, texts] of Object.entries(refused)) {
    it(`is refused by name: ${kind}`, () => {
      for (const text of texts) {
        const why = `${kind}, where bcrypt is needed (htpasswd -B makes it)`
        assert.deepEqual(parsePasswordHash(text), { kind: 'refused', why })
      }
    })
  }

  it('is refused when it costs more than anybody makes', () => {
    assert.equal(parsePasswordHash(`$2y$17$${rest}`).kind, 'bcrypt')
    for (const cost of [18, 31, 99]) {
      assert.deepEqual(parsePasswordHash(`$2y$${cost}$${rest}`), {
        kind: 'refused',
        why: `bcrypt of cost ${cost}, where at most 17 is accepted`,
      })
    }
  })

  it('is refused when it is malformed', () => {
    const malformed = [
      `$2y$03$${rest}`,
      `$2y$00$${rest}`,
      `$2y$5$${rest}`,
      `$2y$05$${rest}x`,
      `$2y$05$${rest.slice(1)}`,
      `$2y$05$${rest}\n`,
      `$2y$05$${'!'.repeat(53)}`,
      `$2x$05$${rest}`,
      `$2$05$${rest}`,
      '$2y$',
    ]
    for (const text of malformed) {
      assert.deepEqual(parsePasswordHash(text), { kind: 'refused', why: 'a malformed bcrypt hash' }, text)
    }
  })
})

describe('a comparable hash', () => {
  it('is understood by the package, whatever the name and the unused bits of the salt', async () => {
    const made = await hash('secret', 4)
    const salt = made.charAt(28)
    assert.match(salt, /[.Oeu]/)
    // Three of the sixteen characters that mean the same there.
    const same = { '.': './A', O: 'OPd', e: 'eft', u: 'uv9' }[salt] ?? ''
    assert.equal(same.length, 3)
    for (const version of ['2a', '2b', '2y']) {
      for (const character of same) {
        const text = `$${version}${made.slice(3, 28)}${character}${made.slice(29)}`
        assert.equal(comparableHash(text), made)
        assert.equal(await compare('secret', comparableHash(text)), true)
        assert.equal(await compare('Secret', comparableHash(text)), false)
      }
    }
  })
})

/** Milliseconds; the least of several, for whatever else the machine does only adds. */
async function least(text: string): Promise<number> {
  return Math.min(await time(text), await time(text), await time(text), await time(text))
}

async function time(text: string): Promise<number> {
  const start = performance.now()
  await compare('wrong', text)
  return performance.now() - start
}

describe('a dummy hash', () => {
  it('is one of bcrypt, of the cost that is asked for', async () => {
    for (const cost of [4, 9, 10, 17]) {
      assert.deepEqual(parsePasswordHash(dummyHash(cost)), { kind: 'bcrypt', cost, hash: dummyHash(cost) })
    }
    assert.equal(await compare('', dummyHash(4)), false)
  })

  it('takes as long as a real one', async () => {
    const real = await hash('secret', 10)
    const ratio = (await least(dummyHash(10))) / (await least(real))
    assert.ok(ratio > 0.5 && ratio < 2, `ratio ${ratio}`)
  })
})
