import { describeType } from './describe-type.ts'
import type { Layout } from './layout.ts'
import { describePath } from './path.ts'
import { preface } from './reference-preface.ts'
import { referenceKeys, type ReferenceKey } from './reference.ts'

/** The whole of docs/configuration.md: the preface, then a heading for each section and an item for each key. */
export function referenceMarkdown(layout: Layout): string {
  const keys = referenceKeys(layout)
  const sections = keys.filter(isSection)
  const parts = [
    preface,
    '## The keys',
    legend,
    contents(sections),
    ...items(keys.filter((key) => key.path.length === 1 && !isSection(key))),
    ...sections.map((section) => describeSection(section, keys)),
  ]
  return `${parts.map((part) => part.trim()).join('\n\n')}\n`
}

const legend = `
Each key is followed by its type, its default, the variable that sets it, and since when Distribution has it, unless both
versions have it. _Restart_: a change counts only after a restart, not on [reload](#loading-it-again). _Secret_: the value
is never shown. **Berth**: ours; Distribution passes over it. In the names of variables, \`0\` stands for the number of an item of
a list, which counts from 0.`

/** Whether other keys are described below it, under a heading of its own. */
function isSection({ layout }: ReferenceKey): boolean {
  return describeType(layout) === 'section' || (layout.kind === 'list' && layout.item.kind === 'struct')
}

function contents(sections: readonly ReferenceKey[]): string {
  const tops = sections.filter(({ path }) => path.length === 1)
  return tops.map(({ path }) => `[\`${nameOf(path)}\`](#${nameOf(path)})`).join(' · ')
}

function describeSection(section: ReferenceKey, keys: readonly ReferenceKey[]): string {
  const { path, about, layout } = section
  const isTop = path.length === 1
  const isList = layout.kind === 'list'
  const own = keys.filter((key) => !isSection(key) && isDirectlyIn(key, path))
  const facts = [
    ...(isList ? ['a list'] : []),
    ...(section.variable === undefined ? [] : [`\`${section.variable}\``]),
    ...marks(section),
  ]
  const unavailable = availabilityOf(section)
  return [
    `${isTop ? '##' : '###'} \`${nameOf(path)}${isList ? '[]' : ''}\``,
    `${about.meaning}${unavailable === undefined ? '' : ` **${unavailable}**`}`,
    facts.join(' · '),
    ...(about.introduction === undefined ? [] : [about.introduction.trim()]),
    ...items(own, section),
  ].join('\n\n')
}

/** The keys of a section as one list; none: nothing. */
function items(keys: readonly ReferenceKey[], section?: ReferenceKey): readonly string[] {
  return keys.length === 0 ? [] : [keys.map((key) => describeKey(key, section)).join('\n')]
}

function describeKey(key: ReferenceKey, section: ReferenceKey | undefined): string {
  const facts = [
    `**\`${nameOf(key.path)}\`**`,
    describeType(key.layout),
    ...defaultOf(key),
    ...(key.variable === undefined ? ['no variable'] : [`\`${key.variable}\``]),
    ...marks(key, section),
  ]
  // What holds for the whole section stands at its top.
  const unavailable = section?.availability.kind === key.availability.kind ? undefined : availabilityOf(key)
  const mark = unavailable === undefined ? '' : ` **${unavailable}**`
  return `- ${facts.join(' · ')}\\\n  ${key.about.meaning}${mark}`
}

function defaultOf({ about }: ReferenceKey): readonly string[] {
  if (about.default !== undefined) return [`default \`${about.default}\``]
  return about.unset === undefined ? [] : [`without it: ${about.unset}`]
}

function marks({ since, restart, secret }: ReferenceKey, section?: ReferenceKey): readonly string[] {
  const isNew = since !== '2 and 3' && since !== section?.since
  return [
    ...(isNew ? [since === 'berth' ? '**Berth**' : since === '2 only' ? 'only 2' : `since ${since}`] : []),
    ...(restart ? ['_restart_'] : []),
    ...(secret ? ['_secret_'] : []),
  ]
}

function availabilityOf({ availability }: ReferenceKey): string | undefined {
  if (availability.kind === 'refused') return 'Not available in this version: the start is refused.'
  if (availability.kind === 'ignored') return 'Not available in this version: ignored with a warning.'
  if (availability.without.length === 0) return undefined
  return `Not available in this version: ${availability.without.map((word) => `\`${word}\``).join(', ')}.`
}

/** Whether nothing but the number of a list's item lies between a key and the section. */
function isDirectlyIn({ path }: ReferenceKey, section: ReferenceKey['path']): boolean {
  const rest = path.slice(section.length).filter((part) => typeof part === 'string')
  return rest.length === 1 && section.every((part, index) => part === path[index])
}

/** `notifications.endpoints[].name` */
function nameOf(path: ReferenceKey['path']): string {
  return describePath(path).replaceAll('[0]', '[]')
}
