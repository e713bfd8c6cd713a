import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import type { Digest } from '../registry/digest.ts'
import { unknownRepository } from '../registry/absent.ts'
import type { RepositoryName } from '../registry/name.ts'
import { isTag, type Tag } from '../registry/reference.ts'
import type { Lister } from '../registry/registry.ts'
import { mapAhead } from '../util/iterables.ts'
import { looksLikeLink } from './links.ts'
import { tagLink, tagsFolder } from './paths.ts'
import type { Referrers } from './referrers.ts'
import type { Store } from './store.ts'

/** Tags whose link is looked at while the page waits for the first of them. */
const ahead = 16

export class StoredLister implements Lister {
  readonly #store: Store
  readonly #referrers: Referrers

  constructor(store: Store, referrers: Referrers) {
    this.#store = store
    this.#referrers = referrers
  }

  /**
   * Byte order of whole names, in which `a-b` comes before `a/b`: so a folder's name is one place in the order, and what lies
   * in the folder is another, later one.
   */
  repositories(_context: Context, after = ''): AsyncIterable<RepositoryName> {
    return this.#below('', after)
  }

  async *tags(
    _context: Context,
    repository: RepositoryName,
    after?: string,
  ): AsyncGenerator<Tag, void, undefined> {
    const { driver, tree } = this.#store
    let any = false
    const names = driver.list(tagsFolder(repository), after)
    // A crash can leave a tag's folder without its link. Such a tag cannot be pulled, so it is not listed. In an object store folders
    // are no more than what lies in them: there one request for each of ten thousand tags would be dearer than that.
    const isFolderEnough = driver.minChunk !== undefined
    const tags = mapAhead(names, ahead, async (name) => {
      if (!isTag(name)) return undefined
      if (isFolderEnough) return name
      return looksLikeLink(await driver.stat(tagLink(repository, name), { folders: false }))
        ? name
        : undefined
    })
    for await (const tag of tags) {
      if (tag === undefined) continue
      any = true
      yield tag
    }
    if (!any && !(await tree.hasManifest(repository))) {
      throw unknownRepository(repository)
    }
  }

  referrers(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    after?: string,
  ): AsyncIterable<Descriptor> {
    return this.#referrers.list(context, repository, subject, after)
  }

  /** @param prefix empty, or a folder's name with a slash at its end */
  async *#below(prefix: string, after: string): AsyncGenerator<RepositoryName, void, undefined> {
    const { tree } = this.#store
    const { children } = await tree.look(prefix.slice(0, -1))
    // Folders whose own place in the order has come, and that of their contents has not. The last one is the next: without its
    // slash, each is a prefix of those behind it.
    const open: string[] = []
    for (let at = firstThatMatters(children, prefix, after); at < children.length; at++) {
      const name = `${prefix}${children[at]}`
      for (let folder = open.at(-1); folder !== undefined && folder < name; folder = open.at(-1)) {
        open.pop()
        yield* this.#below(folder, after)
      }
      if (name > after) {
        const { repository } = tree.known(name) ?? (await tree.lookAhead(prefix, children, at))
        if (repository !== undefined) yield repository
      }
      if (mayHoldLater(`${name}/`, after)) open.push(`${name}/`)
    }
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) yield* this.#below(folder, after)
  }
}

/** Whether some name that begins with `folder` sorts after `after`. */
function mayHoldLater(folder: string, after: string): boolean {
  return folder > after || after.startsWith(folder)
}

/** Where to begin in a sorted folder: names before it, and what lies in them, sort before `after`. */
function firstThatMatters(children: readonly string[], prefix: string, after: string): number {
  if (!after.startsWith(prefix)) return 0
  const name = after.slice(prefix.length).split('/', 1)[0] ?? ''
  // What lies in folder `a` sorts after `a-b`, as '-' sorts before '/': so it begins at what precedes such characters.
  const stem = name.split(/[\0-.]/, 1)[0] ?? ''
  let low = 0
  let high = children.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((children[middle] ?? '') < stem) low = middle + 1
    else high = middle
  }
  return low
}
