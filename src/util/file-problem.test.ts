import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, fileProblem } from './file-problem.ts'

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: as Node says it, open '/x'`), { code })
}

describe('what is wrong with a file', () => {
  it('is told in words, without its path', () => {
    assert.equal(fileProblem(failure('ENOENT')), 'no such file')
    assert.equal(fileProblem(failure('EISDIR')), 'it is a folder, not a file')
    assert.equal(fileProblem(failure('ENXIO')), 'nobody reads this pipe')
  })

  it('names the user who may not', () => {
    assert.equal(
      fileProblem(failure('EACCES')),
      `permission denied for the user of this process (uid ${process.geteuid?.()})`,
    )
  })

  it('may be called otherwise where it was tried', () => {
    const special = { ENOENT: 'no such folder', EACCES: 'not yours' }
    assert.equal(fileProblem(failure('ENOENT'), special), 'no such folder')
    assert.equal(fileProblem(failure('EACCES'), special), 'not yours')
    assert.equal(fileProblem(failure('EROFS'), special), 'the file system is read-only')
  })

  it('is what was thrown, where there are no words for it', () => {
    assert.equal(fileProblem(failure('EWHAT')), "EWHAT: as Node says it, open '/x'")
    assert.equal(fileProblem(new Error('larger than 10 bytes')), 'larger than 10 bytes')
    assert.equal(fileProblem('text'), 'text')
  })
})

describe('the code of an error', () => {
  it('is there when the system gave one', () => {
    assert.equal(codeOf(failure('EEXIST')), 'EEXIST')
    assert.equal(codeOf(new Error('x')), undefined)
    assert.equal(codeOf({ code: 'EEXIST' }), undefined)
  })
})
