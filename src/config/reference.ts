import { checkAvailability } from './availability.ts'
import { hasKeys, namedKeys, variablePart, type About, type Layout, type Since } from './layout.ts'
import { describePath, type Path } from './path.ts'
import { isSecret } from './secrets.ts'
import { treeOf } from './tree.ts'

/** One key of the configuration with all that is known of it. */
export interface ReferenceKey {
  /** The first item stands for all items of a list. */
  readonly path: Path
  readonly layout: Layout
  readonly about: About
  readonly since: Since
  /** A change counts only after a restart, not when the configuration is loaded again. */
  readonly restart: boolean
  /** Never shown. */
  readonly secret: boolean
  /** The environment variable that sets it; absent when no name leads to it. */
  readonly variable?: string
  readonly availability: KeyAvailability
}

/**
 * `here`: it has its effect. `ignored`: it is passed over with a warning. `refused`: the start is refused. Some keys are
 * here but for some of their words: `without` names them.
 */
export type KeyAvailability =
  | { readonly kind: 'here'; readonly without: readonly string[] }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused' }

/** What a key has from what it is in. */
interface Inherited {
  readonly path: Path
  /** The parts of the variable's name; absent when none leads here. */
  readonly parts: readonly string[] | undefined
  readonly since: Since
  readonly restart: boolean
  readonly isRefused: boolean
}

const top: Inherited = { path: [], parts: [], since: '2 and 3', restart: false, isRefused: false }

/** Every key of the layout, from the top, sections before what is in them. Other names of a whole section are not entered. */
export function referenceKeys(layout: Layout): readonly ReferenceKey[] {
  return [...below(layout, top)]
}

function* below(layout: Layout, inherited: Inherited): Generator<ReferenceKey> {
  if (layout.kind === 'list') yield* below(layout.item, step(inherited, 0, '0'))
  if (!hasKeys(layout)) return
  for (const [key, inner] of Object.entries(namedKeys(layout))) {
    const part = layout.kind === 'struct' ? variablePart(layout, key) : key.toUpperCase()
    const at = step(inherited, key, inner.about?.variable === false ? undefined : part)
    if (inner.about === undefined) throw new Error(`${describePath(at.path)} is not described`)
    const own: Inherited = {
      ...at,
      since: inner.about.since ?? inherited.since,
      restart: inner.about.restart ?? inherited.restart,
      isRefused: inherited.isRefused || isRefused(at.path, inner),
    }
    yield referenceKey(inner, inner.about, own)
    if (inner.about.replacedBy === undefined) yield* below(inner, own)
  }
}

function step(from: Inherited, key: string | number, part: string | undefined): Inherited {
  const parts = from.parts === undefined || part === undefined ? undefined : [...from.parts, part]
  return { ...from, path: [...from.path, key], parts }
}

function referenceKey(layout: Layout, about: About, inherited: Inherited): ReferenceKey {
  const { path, parts, since, restart } = inherited
  return {
    path,
    layout,
    about,
    since,
    restart,
    secret: isSecret(path),
    ...(parts !== undefined && { variable: `REGISTRY_${parts.join('_')}` }),
    availability: inherited.isRefused ? { kind: 'refused' } : availabilityOf(path, layout),
  }
}

/** Whether all of a section is refused, so that what is in it has no use by itself. Drivers, though, are a choice. */
function isRefused(path: Path, layout: Layout): boolean {
  const isChoice = layout.kind === 'map' && layout.shorthand
  return !isChoice && verdictOn(path, sample(layout)) === 'refused'
}

/** Asks the check of availability itself, with values that the key might have. */
function availabilityOf(path: Path, layout: Layout): KeyAvailability {
  const inner = hasKeys(layout) ? Object.entries(namedKeys(layout)) : []
  if (inner.length > 0) {
    const kinds = inner.map(([key, value]) => availabilityOf([...path, key], value).kind)
    return common(kinds) ?? { kind: 'here', without: [] }
  }
  const words = wordsOf(layout)
  const verdicts = (words.length > 0 ? words : [sample(layout)]).map((value) => verdictOn(path, value))
  return common(verdicts) ?? { kind: 'here', without: words.filter((_, at) => verdicts[at] !== 'here') }
}

/** The verdict on all, unless some of it is here. */
function common(kinds: readonly KeyAvailability['kind'][]): KeyAvailability | undefined {
  const [first] = kinds
  return first === undefined || first === 'here' || kinds.some((kind) => kind !== first)
    ? undefined
    : { kind: first }
}

function verdictOn(path: Path, value: unknown): KeyAvailability['kind'] {
  const plain = path.reduceRight<unknown>(
    (inner, part) => (typeof part === 'number' ? [inner] : { [part]: inner }),
    value,
  )
  const { problems, warnings } = checkAvailability(treeOf(plain))
  if (problems.length > 0) return 'refused'
  return warnings.length > 0 ? 'ignored' : 'here'
}

function wordsOf(layout: Layout): readonly string[] {
  return 'type' in layout && layout.type?.name === 'word' ? layout.type.words : []
}

/** A value that asks for something. */
function sample(layout: Layout): unknown {
  if (layout.kind === 'list') return [sample(layout.item)]
  if (hasKeys(layout)) {
    const inner = Object.entries(namedKeys(layout))
    // Only `disabled` says that nothing is asked for.
    return Object.fromEntries(inner.map(([key, value]) => [key, key === 'disabled' ? false : sample(value)]))
  }
  switch (layout.type?.name) {
    case 'flag':
      return true
    case 'whole number':
      return 1
    case 'duration':
      return '1s'
    case 'word':
      return layout.type.words[0]
    default:
      return 'a'
  }
}
