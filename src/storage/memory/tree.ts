/** One object. Its bytes are never written to: a replaced object is another node. */
export interface MemoryFile {
  readonly content: Buffer
  readonly modified: Date
}

/** A folder of a tree in memory: its children by name, and their names in order while none comes or goes. */
export class MemoryFolder {
  readonly modified: Date
  readonly #children = new Map<string, MemoryFolder | MemoryFile>()
  #sorted: readonly string[] | undefined

  constructor(modified: Date) {
    this.modified = modified
  }

  get isEmpty(): boolean {
    return this.#children.size === 0
  }

  /** In byte order; a listing that has begun keeps the names it began with. */
  get names(): readonly string[] {
    // oxlint-disable-next-line unicorn/no-array-sort -- its own array
    this.#sorted ??= [...this.#children.keys()].sort()
    return this.#sorted
  }

  get(name: string): MemoryFolder | MemoryFile | undefined {
    return this.#children.get(name)
  }

  set(name: string, child: MemoryFolder | MemoryFile): void {
    if (!this.#children.has(name)) this.#sorted = undefined
    this.#children.set(name, child)
  }

  remove(name: string): void {
    if (this.#children.delete(name)) this.#sorted = undefined
  }
}

/** What lies at the end of `names`; undefined when absent. */
export function find(root: MemoryFolder, names: readonly string[]): MemoryFolder | MemoryFile | undefined {
  let node: MemoryFolder | MemoryFile | undefined = root
  for (const name of names) node = node instanceof MemoryFolder ? node.get(name) : undefined
  return node
}

/** Removes what lies at the end of `names`, and the folders that this leaves empty. */
export function removeAndPrune(root: MemoryFolder, names: readonly string[]): void {
  const name = names.at(-1)
  if (name === undefined) return
  const parents = names.slice(0, -1)
  const folder = find(root, parents)
  if (!(folder instanceof MemoryFolder)) return
  folder.remove(name)
  if (folder.isEmpty) removeAndPrune(root, parents)
}
