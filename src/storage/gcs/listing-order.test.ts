import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { collect } from '../contract/support.ts'
import { inByteOrder, type NamesPage } from './listing-order.ts'

/** Pages as Google gives them: objects and folders together, sorted with the folders' slashes. */
async function* asGoogle(
  objects: readonly string[],
  folders: readonly string[],
  size: number,
): AsyncGenerator<NamesPage, void, undefined> {
  const all = [...objects, ...folders.map((name) => `${name}/`)].toSorted()
  for (let start = 0; start === 0 || start < all.length; start += size) {
    const page = all.slice(start, start + size)
    yield {
      objects: page.filter((name) => !name.endsWith('/')),
      folders: page.filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1)),
      hasMore: start + size < all.length,
    }
  }
}

/** Pages as the emulator gives them: a few objects, and with each page all folders that are not before it. */
async function* asEmulator(
  objects: readonly string[],
  folders: readonly string[],
  size: number,
): AsyncGenerator<NamesPage, void, undefined> {
  const sorted = objects.toSorted()
  for (let start = 0; start === 0 || start < sorted.length; start += size) {
    const first = start === 0 ? '' : (sorted[start] ?? '')
    yield {
      objects: sorted.slice(start, start + size),
      folders: folders.filter((name) => `${name}/` >= first).toSorted(),
      hasMore: start + size < sorted.length,
    }
  }
}

describe('a listing in byte order', () => {
  for (const pagesOf of [asGoogle, asEmulator])
    it(`has each name once, in order, from any one on, whatever the pages: ${pagesOf.name}`, async () => {
      const letter = fc.constantFrom('a', '-', '.', '0', 'B')
      const word = fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters) => letters.join(''))
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(word, { maxLength: 15 }),
          fc.infiniteStream(fc.boolean()),
          fc.option(word, { nil: '' }),
          fc.integer({ min: 1, max: 4 }),
          async (names, kinds, after, size) => {
            const folders = names.filter(() => kinds.next().value === true)
            const objects = names.filter((name) => !folders.includes(name))
            const pages = pagesOf(objects, folders, size)
            const isFolder = async (name: string): Promise<boolean> => folders.includes(name)
            const listed = await collect(inByteOrder({ pages, isFolder }, after))
            assert.deepEqual(listed, names.filter((name) => name > after).toSorted())
          },
        ),
        { numRuns: 300 },
      )
    })
})
